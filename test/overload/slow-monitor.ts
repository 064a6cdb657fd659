import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Stands between an agent and QEMU's monitor; a reply passes when it is let pass: a QEMU that takes as long for each command as a test wants. */
export class SlowMonitor {
  readonly #sockets = new Set<Socket>()
  readonly #held: (() => void)[] = []
  #slow = false

  static async listen(path: string, target: string): Promise<SlowMonitor> {
    const monitor = new SlowMonitor()
    const server = createServer(agent => monitor.#join(agent, connect(target)))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve)
    })
    onTestFinished(() => {
      server.close()
      for (const socket of monitor.#sockets) socket.destroy()
    })
    return monitor
  }

  /** From now on each reply waits for {@link letPass}. */
  slowDown(): void {
    this.#slow = true
  }

  /** Replies that wait. */
  get held(): number {
    return this.#held.length
  }

  letPass(): void {
    this.#held.shift()?.()
  }

  speedUp(): void {
    this.#slow = false
    for (const pass of this.#held.splice(0)) pass()
  }

  #join(agent: Socket, qemu: Socket): void {
    for (const [socket, other] of [
      [agent, qemu],
      [qemu, agent],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    agent.pipe(qemu)
    qemu.on('data', bytes => {
      const pass = (): void => void agent.write(bytes)
      if (this.#slow) this.#held.push(pass)
      else pass()
    })
  }
}
