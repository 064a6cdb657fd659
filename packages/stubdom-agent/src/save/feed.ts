import { connect, type Socket } from 'node:net'
import { reached } from '../steps.ts'

/**
 * Gives whoever listens there the pieces, one after the other, and then the end of them. Resolves when the socket took the last one: whether the reader did, only the
 * reader can tell. Rejects when the reader closes before, or `signal` aborts; nothing is under way any more then.
 */
export async function feed(socketPath: string, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  const socket = connect({ path: socketPath, signal })
  const closed = closing(socket)
  // It may come while nothing is written.
  closed.catch(() => {})
  try {
    for await (const piece of pieces) {
      await Promise.race([written(socket, piece), closed])
      reached('piece given')
    }
    await Promise.race([new Promise<void>(resolve => socket.end(resolve)), closed])
  } finally {
    socket.destroy()
  }
}

function written(socket: Socket, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(piece, error => (error ? reject(error) : resolve()))
  })
}

/** Rejects with why it is closed. */
function closing(socket: Socket): Promise<never> {
  return new Promise((_, reject) => {
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the reader closed the connection')))
  })
}
