import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import type { CharacterDevice } from './character-device.ts'

/**
 * File 3, the device, to file 1. The shell only waits for its input to end, which it does however this process ends: a
 * reader left behind would keep the device, and its watches, open.
 */
const READER = 'cat <&3 & exec 3<&- >&-; read -r _; kill $!'

/**
 * The fallback: a child process blocks in read(2) instead of this one. Slower (another copy and another wakeup for each
 * message), but made of public API only. Throws the system's error when the device cannot be opened.
 */
export function openWithReadingChild(path: string): CharacterDevice {
  // Not O_NONBLOCK: the child shares the open file, and cat would take EAGAIN for the end.
  return new ChildReadDevice(openSync(path, constants.O_RDWR | constants.O_NOCTTY))
}

class ChildReadDevice implements CharacterDevice {
  readonly #fd: number
  readonly #child: ChildProcess
  #onData: (bytes: Uint8Array) => void = () => {}
  #onClose: (error?: Error) => void = () => {}
  #failure: Error | undefined
  #open = true

  constructor(fd: number) {
    this.#fd = fd
    this.#child = spawn('/bin/sh', ['-c', READER], { stdio: ['pipe', 'pipe', 'ignore', fd] })
    this.#child.stdin?.on('error', () => undefined)
    this.#child.stdout?.on('data', bytes => this.#onData(bytes))
    this.#child.stdout?.once('end', () => this.close())
    this.#child.once('error', error => {
      this.#failure = error
      this.close()
    })
    this.#child.once('close', () => this.#onClose(this.#failure))
  }

  write(bytes: Uint8Array): number {
    return this.#open ? writeSync(this.#fd, bytes) : bytes.length
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#onData = listener
  }

  onClose(listener: (error?: Error) => void): void {
    this.#onClose = listener
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    closeSync(this.#fd)
    this.#child.stdin?.end()
    this.#child.stdout?.destroy()
  }
}
