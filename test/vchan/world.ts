import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { compile } from '../../scripts/lib/compile.mjs'
import { Client } from './client.ts'
import { Running } from './running.ts'

/** Where bytes of `struct vchan_interface` are in the page (xen/io/libxenvchan.h). */
export const RING = {
  leftCons: 0,
  leftProd: 4,
  rightCons: 8,
  rightProd: 12,
  cliLive: 20,
  srvLive: 21,
  srvNotify: 23,
} as const

/** One directory with a vchan in it, without Xen: a server, clients, and the unix socket that the server leads to. */
export class World {
  readonly directory = mkdtempSync(join(tmpdir(), 'vchan-'))
  readonly #preload: string
  readonly #client: string

  static async create(): Promise<World> {
    const preload = await compile('test/vchan/xen.c', ['-O1', '-shared', '-fPIC'])
    return new World(preload, await compile('test/vchan/client.c', ['-O1'], ['-lxenvchan']))
  }

  private constructor(preload: string, client: string) {
    this.#preload = preload
    this.#client = client
    onTestFinished(() => rmSync(this.directory, { recursive: true, force: true }))
  }

  get socketPath(): string {
    return join(this.directory, 'qmp')
  }

  /** Starts a server, and waits until clients can find it. */
  async serve(program: string): Promise<Running> {
    const server = this.#start(program, ['--mode=server', '0', 'device-model/6/qmp-vchan', this.socketPath])
    await expect.poll(() => existsSync(join(this.directory, 'event-channel')), { message: server.stderr }).toBe(true)
    return server
  }

  /** dom0's half of QMP over vchan: it is a client of the vchan whenever somebody is connected to the socket that it makes. */
  async dom0Proxy(program: string): Promise<string> {
    const socket = join(this.directory, 'qmp-libxl')
    this.#start(program, ['--mode=client', '7', 'device-model/6/qmp-vchan', socket])
    await expect.poll(() => listens(socket)).toBe(true)
    return socket
  }

  client(): Client {
    return new Client(this.#start(this.#client, []))
  }

  /** A number of one byte or four in the shared page. */
  read(offset: number, bytes = 1): number {
    const buffer = Buffer.alloc(bytes)
    const fd = openSync(join(this.directory, 'page'), 'r')
    readSync(fd, buffer, 0, bytes, offset)
    closeSync(fd)
    return buffer.readUIntLE(0, bytes)
  }

  write(offset: number, value: number, bytes = 1): void {
    const buffer = Buffer.alloc(bytes)
    buffer.writeUIntLE(value, 0, bytes)
    const fd = openSync(join(this.directory, 'page'), 'r+')
    writeSync(fd, buffer, 0, bytes, offset)
    closeSync(fd)
  }

  /** An event for the server. Resolves when it has been awake, and sleeps again. */
  async wake(server: Running): Promise<void> {
    await expect.poll(() => server.sleeps).toBe(true)
    const before = server.timesAsleep
    const fd = openSync(join(this.directory, 'to-server'), 'r+')
    writeSync(fd, '\0')
    await expect.poll(() => server.timesAsleep).toBeGreaterThan(before)
    closeSync(fd)
  }

  #start(program: string, args: readonly string[]): Running {
    const env = { PATH: process.env['PATH'], LD_PRELOAD: this.#preload, VCHAN_DIRECTORY: this.directory }
    return new Running(spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] }))
  }
}

/** Not from bind(2) on, but from listen(2): the flag for that is __SO_ACCEPTCON. */
function listens(path: string): boolean {
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n')
  return lines.some(line => line.endsWith(` ${path}`) && line.includes(' 00010000 '))
}
