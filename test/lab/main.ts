import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bootFiles, bootMachine } from './boot.ts'
import { EventStream } from './event-stream.ts'
import type { LabEvent } from './events.ts'
import { buildPayload } from './images/payload.ts'
import type { MachineFiles } from './machine/command-line.ts'
import type { Machine } from './machine/machine.ts'
import { HELP, type LabOptions, LabUsageError, parseOptions } from './options.ts'
import { Report } from './report.ts'
import { RunDirectory } from './run-directory.ts'
import { converse } from './terminal.ts'

/** The disk's size is part of the machine, and so of the snapshot. */
const PAYLOAD_BYTES = 256 << 20

const began = performance.now()
const seconds = () => ((performance.now() - began) / 1_000).toFixed(1)
const print = (line: string) => process.stdout.write(`${line}\n`)

async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv)
  if (options === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const directory = new RunDirectory()
  let machine: Machine | undefined
  const interrupted = new Promise<string>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => resolve(`ended by ${signal}`))
  })
  const timeLimit = new Promise<string>(resolve => {
    setTimeout(() => resolve(`not done after ${options.timeLimit} s`), options.timeLimit * 1_000).unref()
  })
  try {
    return await runLab(options, directory, Promise.race([interrupted, timeLimit]), started => {
      machine = started
    })
  } finally {
    await machine?.end()
    directory.remove()
  }
}

async function runLab(
  options: LabOptions,
  directory: RunDirectory,
  cutShort: Promise<string>,
  onMachine: (machine: Machine) => void,
): Promise<number> {
  const files = await prepare(options, directory)
  const report = new Report(print)
  let machine: Machine | undefined
  const take = (event: LabEvent) => {
    if (event.event === 'log') directory.log(event.file, event.text)
    else if (event.event === 'note') print(event.text)
    else report.take(event)
  }
  const work = async (): Promise<string | undefined> => {
    let events: EventStream | undefined
    const booted = await bootMachine(
      files,
      { fresh: options.fresh, interactive: options.mode === 'shell' },
      started => {
        machine = started
        onMachine(started)
        events = new EventStream(started.events, take)
        return events
      },
    )
    print(
      `lab: Xen and dom0 are up after ${seconds()} s (${booted.how === 'snapshot' ? 'from the snapshot' : 'booted; the next run starts from here'})`,
    )
    booted.machine.events.write('go\n')
    const died = booted.machine.exited.then(how => `the machine ended: ${how}`)
    const ended = events?.ended.then(() => undefined)
    if (options.mode === 'shell') {
      const problem = await Promise.race([events?.ready.then(() => undefined), died])
      if (problem === undefined) await Promise.race([converse(booted.machine), ended])
      return problem
    }
    return await Promise.race([ended, died])
  }

  const problem = await Promise.race([work().catch((error: Error) => error.message), cutShort])
  if (options.mode === 'shell') return problem === undefined ? 0 : 1
  if (problem !== undefined || !report.passed) {
    if (problem !== undefined || report.totals().startsWith('0 passed, 0 failed')) report.cut(problem ?? 'no test ran')
  }
  if (options.json !== undefined) report.writeJson(options.json)
  await machine?.end()
  print(`lab: ${report.totals()} in ${seconds()} s`)
  if (report.passed && problem === undefined) return 0
  print(`lab: consoles and logs of Xen, dom0, stubdomains and guests are in ${directory.keepLogs()}`)
  return 1
}

async function prepare(options: LabOptions, directory: RunDirectory): Promise<MachineFiles> {
  const boot = await bootFiles()
  const { columns = 80, rows = 24 } = process.stdout
  const payload = await buildPayload({ mode: options.mode, filters: options.filters, terminal: { rows, columns } })
  writeFileSync(directory.file('payload'), payload)
  truncateSync(directory.file('payload'), PAYLOAD_BYTES)
  return {
    hypervisor: join(boot, 'xen'),
    kernel: join(boot, 'vmlinux'),
    ramdisk: join(boot, 'dom0.cpio'),
    payload: directory.file('payload'),
    consoleLog: join(directory.logs, 'xen-and-dom0.log'),
    events: directory.file('events'),
    shell: directory.file('shell'),
    qmp: directory.file('qmp'),
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof LabUsageError)) throw error
  process.stderr.write(`lab: ${error.message}\nTry: npm run lab -- --help\n`)
  process.exitCode = 2
}
