import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { COMMAND_NAMES, commandDigest, encodeJson, Layout, parseNodeName } from '@stubdom/protocol'
import { XenstoreClient } from '@stubdom/xenstore'
import { concatMap, filter, firstValueFrom } from 'rxjs'

/**
 * A stubdomain in which somebody else has taken over: it answers `ping` after a while, and writes all the time, at one rate: to the answers that dom0 waits for, or to
 * nodes as deep that nobody watches. Each line on stdin (`watched`, `elsewhere`, `nothing`) says where from now on; each line on stdout is how often it wrote a second before.
 * Usage: flood SOCKET GUEST WRITES_PER_SECOND
 */
const [socket = '', guest = '', perSecond = ''] = process.argv.slice(2)
const rate = Number(perSecond)
const ANSWER_AFTER_MS = 300
/** C xenstored lets a domain wait that has 20 requests under way. */
const WINDOW = 16

const client = await XenstoreClient.connect({ path: socket })
const at = (path: string): string => `dm-control/${path}`
const digest = commandDigest(text => createHash('sha256').update(text).digest('hex'), 'ping', {})
const waiting = new Map<string, number>()

// Only until dom0 has made its directory: it is not to hear its own flood.
await firstValueFrom(
  client.watch('dm-control').pipe(
    concatMap(() => client.exists(at(Layout.stubdom)).catch(() => false)),
    filter(Boolean),
  ),
)
client.watch(at(Layout.dom0)).subscribe(path => {
  const name = parseNodeName(path.slice('dm-control/'.length))
  if (name.kind === 'request') void look(name.id)
})
const about = { v: [1, 1], epoch: 'flood0000001', agent: '0.1.0', target: Number(guest), commands: COMMAND_NAMES }
const rest = { window: 32, messageBytes: 262_144, channels: [], deviceModel: { version: '7.2.0', driver: 'edu' } }
await client.write(at(Layout.hello), encodeJson({ ...about, ...rest }))

async function look(id: string): Promise<void> {
  const stands = await client.exists(at(Layout.request('ping', id)))
  if (!stands) {
    waiting.delete(id)
    await client.rm(at(Layout.response('ping', id)))
  } else if (!waiting.has(id)) {
    waiting.set(id, performance.now())
    setTimeout(() => void answer(id), ANSWER_AFTER_MS)
  }
}

async function answer(id: string): Promise<void> {
  if (!waiting.delete(id)) return
  await client.write(at(Layout.response('ping', id)), encodeJson({ v: 1, state: 'done', digest, result: {} }))
}

let where = 'nothing'
let written = 0
let since = performance.now()
let underWay = 0

function writeDue(): void {
  const due = where === 'nothing' ? 0 : ((performance.now() - since) * rate) / 1_000
  const ids = [...waiting.keys()]
  while (written < due && underWay < WINDOW) {
    written++
    underWay++
    const id = ids[written % ids.length]
    const elsewhere = `${Layout.stubdom}/elsewhere/ping/${String(written % 8).padStart(16, '0')}`
    const path = at(where === 'watched' && id !== undefined ? Layout.response('ping', id) : elsewhere)
    const value = encodeJson({ v: 1, state: 'running', digest, stage: `${written}` })
    client.write(path, value).then(
      () => {
        underWay--
      },
      () => process.exit(1),
    )
  }
  setImmediate(writeDue)
}

writeDue()
for await (const line of createInterface({ input: process.stdin })) {
  console.log(Math.round((written * 1_000) / Math.max(1, performance.now() - since)))
  where = line
  written = 0
  since = performance.now()
}
await client.close()
process.exit(0)
