import { openWithPipeHandle } from './pipe-handle.ts'
import { openWithReadingChild } from './reading-child.ts'

/**
 * A character device that is open for reading and writing. Bytes come in by themselves; it keeps the process alive until
 * it is closed, as a socket does, and never longer.
 */
export interface CharacterDevice {
  /** One write(2). Returns how many of the bytes were taken; throws the system's error. Does nothing once it is closed. */
  write(bytes: Uint8Array): number
  /** Sets who gets the bytes that come; they are valid during the call only. */
  onData(listener: (bytes: Uint8Array) => void): void
  /** Sets who is told, once and after `close()` too, that it is closed; with the error when there was one. */
  onClose(listener: (error?: Error) => void): void
  /** Closes it at once, whatever is being read. Harmless when it is closed already. */
  close(): void
}

/**
 * Opens a character device in the best way that this Node has. What does not work: fs.read, a FileHandle, a read stream
 * or a worker block a thread in read(2), and the process cannot end before that returns; net.Socket({ fd }) and
 * tty.ReadStream refuse devices. Throws the system's error when it cannot be opened.
 */
export function openCharacterDevice(path: string): CharacterDevice {
  return openWithPipeHandle(path) ?? openWithReadingChild(path)
}
