import { setTimeout as pause } from 'node:timers/promises'
import { XenstoreClient, XenstoreError, XenstoreReplyError } from '@stubdom/xenstore'
import { startAgent } from './agent.ts'

/**
 * What runs in a stubdomain that has been broken into: the real agent, so that QEMU comes up and libxl is content, and beside it, with the same rights, this. It tries to
 * reach another stubdomain, and then makes as much noise as Xenstore allows. What it finds out goes to the console, a line each.
 */
startAgent()

const xs = await XenstoreClient.connect({ path: '/dev/xen/xenbus' })
// The other one is told to us, as a guest's administrator might find out.
const other = await told()
for (const path of [
  `/local/domain/${other}/dm-control`,
  `/local/domain/${other}/dm-control/stubdom/hello`,
  `/local/domain/${other}/device-model`,
]) {
  say(`read ${path}`, await outcome(xs.read(path)))
  say(`write ${path}`, await outcome(xs.write(path, 'hostile')))
  say(`remove ${path}`, await outcome(xs.rm(path)))
}
// What dom0 tells its agent is not the stubdomain's to change.
for (const path of ['dm-control', 'dm-control/dom0', 'dm-control/dom0/request', 'dm-control/dom0/made']) {
  say(`write ${path}`, await outcome(xs.write(path, 'hostile')))
  say(`remove ${path}`, await outcome(xs.rm(path)))
}
say('request', await outcome(xs.write('dm-control/dom0/request/ping/hostile', 'hostile')))
say('read /local/domain', await outcome(xs.list('/local/domain')))
say('release', await outcome(xs.release(other)))
say('flooding', 'begun')
await Promise.all([fillQuota(), rewriteOwnMessages(), spoilEvents()])

async function told(): Promise<number> {
  for (;;) {
    const value = await xs.readIfExists('data/other').catch(() => undefined)
    if (value) return Number(value.toString())
    await pause(100)
  }
}

/** Nodes, as many and as large as it may. */
async function fillQuota(): Promise<void> {
  for (let number = 0; ; number++) {
    await outcome(xs.write(`data/flood/${number % 2_000}`, Buffer.alloc(1_900, number)))
  }
}

/** Its own answers and greetings, over and over, some of them no JSON. */
async function rewriteOwnMessages(): Promise<void> {
  for (let number = 0; ; number++) {
    await outcome(
      xs.write('dm-control/stubdom/status', number % 2 ? '{"v":1' : `{"v":99,"stage":"\u001b[2J${number}"}`),
    )
    await outcome(xs.write(`dm-control/stubdom/response/ping/hostile-${number % 300}`, '{"v":1,"state":"done"}'))
  }
}

async function spoilEvents(): Promise<void> {
  for (let number = 0; ; number++) {
    await outcome(xs.write(`dm-control/stubdom/event/${number % 500}`, 'x'.repeat(1_900)))
  }
}

async function outcome(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'done'
  } catch (error) {
    if (error instanceof XenstoreReplyError) return error.errno
    if (error instanceof XenstoreError) return error.code
    throw error
  }
}

function say(what: string, result: string): void {
  process.stdout.write(`HOSTILE ${what}: ${result}\n`)
}
