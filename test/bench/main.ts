import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { type Daemon, daemons } from '@stubdom/test-xenstored'
import { Course } from './course.ts'
import { buildNative } from './programs.ts'
import type { Row } from './row.ts'
import { arrivalRows } from './rows/arrival.ts'
import { cliRows } from './rows/cli.ts'
import { commandRows } from './rows/command.ts'
import { floodRows } from './rows/flood.ts'
import { operationRows } from './rows/operations.ts'
import { readRows } from './rows/reads.ts'
import { document, table } from './table.ts'

/**
 * Compares what is fast with what should be, on each daemon: `npm run bench [-- --json FILE] [--xenstored=c|ocaml|embedded] [--only=reads|command|cli|operations|flood|arrival]`.
 * A missed goal is reported, not failed.
 */
const { values } = parseArgs({
  options: { json: { type: 'string' }, xenstored: { type: 'string', multiple: true }, only: { type: 'string' } },
})
const MEASUREMENTS = {
  reads: readRows,
  command: commandRows,
  cli: cliRows,
  operations: operationRows,
  flood: floodRows,
  arrival: arrivalRows,
}
const chosen = daemons().filter(daemon => values.xenstored?.includes(daemon) ?? true)
const native = await buildNative()
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)

const rows: Row[] = []
const profiles: string[] = []
for (const daemon of chosen) await measure(daemon)
console.log(`\n${table(rows)}`)
for (const profile of profiles) console.log(`\n${profile}`)
if (values.json !== undefined) await writeFile(values.json, document(rows))

async function measure(daemon: Daemon): Promise<void> {
  process.stderr.write(`measuring on ${daemon} …\n`)
  const course = await Course.open(daemon, native)
  try {
    for (const [name, measureRows] of Object.entries(MEASUREMENTS)) {
      if (values.only === undefined || values.only === name) rows.push(...(await measureRows(course)))
    }
  } finally {
    await course.close()
  }
  profiles.push(...course.profiles)
}
