import { createServer, type Socket } from 'node:net'
import { expect, onTestFinished } from 'vitest'

/** Stands for the agent's QMP front: each connection is greeted with its number. */
export class Front {
  readonly connections: Connection[] = []

  static async listen(path: string): Promise<Front> {
    const front = new Front()
    const server = createServer({ allowHalfOpen: true }, socket => {
      front.connections.push(new Connection(socket))
      socket.write(`${greeting(front.connections.length)}\n`)
    })
    await new Promise<void>(resolve => server.listen(path, resolve))
    onTestFinished(() => {
      server.close()
      for (const { socket } of front.connections) socket.destroy()
    })
    return front
  }

  /** The n-th connection, counted from 1, as soon as there is one. */
  async connection(n: number): Promise<Connection> {
    await expect.poll(() => this.connections.length).toBeGreaterThanOrEqual(n)
    return this.connections[n - 1] as Connection
  }
}

/** What the n-th connection begins with. */
export function greeting(n: number): string {
  return `{"QMP":${n}}`
}

class Connection {
  readonly socket: Socket
  received = ''
  hasEnded = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', bytes => (this.received += bytes)).on('end', () => (this.hasEnded = true))
    socket.on('error', () => {})
  }

  say(line: string): void {
    this.socket.write(`${line}\n`)
  }

  /** Resolves with everything that was said in it, when no more will come. */
  async all(): Promise<string> {
    await expect.poll(() => this.hasEnded).toBe(true)
    return this.received
  }
}
