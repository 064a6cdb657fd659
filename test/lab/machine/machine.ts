import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { QmpClient } from '@stubdom/qmp'
import { commandLine, type MachineFiles } from './command-line.ts'

export interface StartOptions {
  /** The file from which the machine goes on; absent: it boots. */
  readonly snapshot?: string | undefined
  /** A person uses it: its idle time passes as ours does. */
  readonly interactive?: boolean | undefined
}

/** In QEMU: the open snapshot. A pipe would take another process, and a second more. */
const SNAPSHOT_DESCRIPTOR = 3

/** The machine that Xen runs on: one QEMU, which never outlives this process. */
export class Machine {
  /** Ends with QEMU. */
  readonly exited: Promise<string>
  /** Lines from and to dom0. */
  readonly events: Socket
  /** The terminal on which dom0 runs a shell. */
  readonly shell: Socket
  readonly #qemu: ChildProcess
  readonly #qmp: QmpClient

  private constructor(qemu: ChildProcess, exited: Promise<string>, qmp: QmpClient, events: Socket, shell: Socket) {
    this.#qemu = qemu
    this.exited = exited
    this.#qmp = qmp
    this.events = events
    this.shell = shell
  }

  /** Starts QEMU; with a snapshot the machine stands where that was taken, and runs. */
  static async start(files: MachineFiles, { snapshot, interactive = false }: StartOptions = {}): Promise<Machine> {
    const events = await listen(files.events)
    const shell = await listen(files.shell)
    const args = commandLine(files, { incoming: snapshot !== undefined, interactive })
    const opened = snapshot === undefined ? [] : [openSync(snapshot, 'r')]
    // The kernel ends QEMU when this process ends, however it ends.
    const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], {
      stdio: ['ignore', 'ignore', 'pipe', ...opened],
    })
    for (const file of opened) closeSync(file)
    const exited = exitOf(qemu)
    const connected = Promise.all([connection(events), connection(shell)])
    const failed = exited.then(how => {
      throw new MachineError(`QEMU ended: ${how}`)
    })
    failed.catch(() => undefined)
    const [eventSocket, shellSocket] = await Promise.race([connected, failed])
    const qmp = await Promise.race([QmpClient.connect({ path: files.qmp, timeoutMs: 20_000 }), failed])
    const machine = new Machine(qemu, exited, qmp, eventSocket, shellSocket)
    if (snapshot !== undefined) await Promise.race([machine.#load(), failed])
    return machine
  }

  /** Writes the machine's state into a file; the machine goes on when that is done. */
  async save(file: string): Promise<void> {
    await this.#qmp.execute('stop')
    await this.#qmp.execute('migrate-set-parameters', { 'max-bandwidth': 100e9 })
    await this.#qmp.execute('migrate', { uri: `exec:cat > '${file}'` })
    await this.#migrated()
    await this.#qmp.execute('cont')
  }

  /** Seconds of the host's processors that QEMU has used; 0 when it has ended. */
  get processorSeconds(): number {
    try {
      // utime and stime (proc(5)) in ticks of 10 ms. "setpriv" and QEMU have no blank in their names.
      const fields = readFileSync(`/proc/${this.#qemu.pid}/stat`, 'latin1').split(' ')
      return (Number(fields[13]) + Number(fields[14])) / 100
    } catch {
      return 0
    }
  }

  async end(): Promise<void> {
    this.#qemu.kill('SIGKILL')
    await this.exited
  }

  async #load(): Promise<void> {
    await this.#qmp.execute('migrate-incoming', { uri: `fd:${SNAPSHOT_DESCRIPTOR}` })
    await this.#migrated()
    await this.#qmp.execute('cont')
  }

  async #migrated(): Promise<void> {
    for (;;) {
      const { status } = (await this.#qmp.execute('query-migrate')) as { status?: string }
      if (status === 'completed') return
      if (status === 'failed' || status === 'cancelled') throw new MachineError(`the snapshot ${status}`)
      await pause(50)
    }
  }
}

/** The machine cannot be started, saved or loaded. */
class MachineError extends Error {
  override readonly name = 'MachineError'
}

async function listen(path: string): Promise<Server> {
  const server = createServer().listen(path)
  await once(server, 'listening')
  return server
}

async function connection(server: Server): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket]
  server.close()
  // QEMU's end is told by its exit.
  socket.on('error', () => undefined)
  return socket
}

async function exitOf(child: ChildProcess): Promise<string> {
  let said = ''
  child.stderr?.on('data', chunk => {
    said = `${said}${chunk}`.slice(-4_000)
  })
  return await new Promise(resolve => {
    child.on('error', error => resolve(error.message))
    child.on('close', (code, signal) => resolve(`${signal ?? `exit code ${code}`}${said && `: ${said.trim()}`}`))
  })
}
