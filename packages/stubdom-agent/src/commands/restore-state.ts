import { type CommandArgs, STATE_BYTES_MAX } from '@stubdom/protocol'
import * as z from 'zod/mini'
import { pause } from '../pause.ts'
import { isRefusal } from '../qemu/monitor.ts'
import { parseReply } from '../qemu/reply.ts'
import { queryRunState } from '../qemu/run-state.ts'
import type { RestoreChannel, StateFile } from '../save/channel.ts'
import { reached } from '../steps.ts'
import { CommandFailure } from './failure.ts'
import type { CommandHandler } from './handler.ts'
import { stateProgress } from './state-progress.ts'
import type { Task } from './task.ts'

/** The run state of a QEMU that was started with `-incoming` and has no state yet. */
const WAITING = 'inmigrate'

/** The stages: dom0 sends when the first is published; from the second on QEMU has bytes of it. */
const RECEIVING = 'receiving'
const LOADING = 'loading'

/** Milliseconds that QEMU may take to load a state; it takes some tens. */
const LOAD_MS = 30_000
const LOOK_MS_MIN = 5
const LOOK_MS_MAX = 100

/** Receives a state, makes sure that it is whole, and only then gives it to a QEMU that waits with `-incoming defer`. */
export const restoreState: CommandHandler<'restore-state'> = {
  async run(args, task) {
    const { channel: name, bytes, sha256 } = args
    const channel = task.states.restoring.find(other => other.name === name)
    if (!channel) {
      const has = task.states.restoring.map(other => other.name).join(', ')
      throw new CommandFailure('unsupported', `the agent cannot restore by ${name}; it has ${has}`)
    }
    if (bytes > STATE_BYTES_MAX)
      throw new CommandFailure('too-large', `a state of ${bytes} bytes; the limit is ${STATE_BYTES_MAX}`)
    await checkWaiting(task)
    const state = await task.states.newFile()
    try {
      await receive(channel, args, state, task)
      reached('state received')
      await load(state, task)
    } finally {
      await state.close()
    }
    const { status } = await queryRunState(task.qemu)
    return { channel: name, bytes, sha256, runState: status }
  },

  async reconcile(_args, { qemu }, { stage }) {
    const { status } = await queryRunState(qemu)
    const found = stage === LOADING ? 'partly' : 'not-done'
    const now = status === WAITING ? 'the device model has loaded nothing' : `the device model is ${status}`
    return { found, message: `the agent restarted while it restored; ${now}` }
  },

  async collected(id, { states }) {
    await states.discard(id)
  },
}

async function checkWaiting({ qemu }: Task): Promise<void> {
  const { status } = await queryRunState(qemu)
  if (status === WAITING) return
  const message = `the device model does not wait for a state, it is ${status}; it must be started with -incoming defer`
  throw new CommandFailure('restore-failed', message, { stage: 'checking' })
}

/** Brings the state into the agent; QEMU knows nothing of it yet. */
async function receive(
  channel: RestoreChannel,
  args: CommandArgs<'restore-state'>,
  into: StateFile,
  { id, signal, stage }: Task,
): Promise<void> {
  const { bytes, sha256, data } = args
  const report = (done: number, total: number) => stage(RECEIVING, { done, total })
  // dom0 waits for it.
  await report(0, bytes)
  const progress = stateProgress(bytes, (done, total) => void report(done, total))
  const announced = { bytes, sha256, ...(data === undefined ? {} : { data }) }
  const came = await channel
    .receive(id, announced, into, { signal, progress })
    .then(() => into.measure())
    .catch(error => {
      signal.throwIfAborted()
      const { code, message } =
        error instanceof CommandFailure ? error : { code: 'restore-failed' as const, message: `${error}` }
      throw new CommandFailure(code, message, { stage: RECEIVING, cause: error })
    })
  if (came.bytes === bytes && came.sha256 === sha256) return
  const wrong = came.bytes === bytes ? 'what came has another SHA-256' : `${came.bytes} bytes came`
  throw new CommandFailure('restore-failed', `${wrong} than was announced (${bytes} bytes); QEMU was given nothing`, {
    stage: RECEIVING,
  })
}

/** Has QEMU listen, gives it the state, and waits for its verdict. A QEMU that cannot load a state ends (7.2, migration.c). */
async function load(state: StateFile, task: Task): Promise<void> {
  task.commit()
  // A later agent tells by it that QEMU may have some of the state.
  if (!(await task.stage(LOADING))) {
    throw new CommandFailure('restore-failed', 'Xenstore did not take a note of how far it has come; nothing was done')
  }
  const path = task.states.socketPath(task.id)
  try {
    await task.qemu.execute('migrate-incoming', { uri: `unix:${path}` })
  } catch (error) {
    if (!isRefusal(error)) throw error
    throw new CommandFailure('restore-failed', `QEMU takes no state: ${error.desc}`, { stage: LOADING, cause: error })
  }
  // QEMU says whether it has all of it, and ends if it does not like it. It closes the connection at the last byte, which is no failure.
  const over = new AbortController()
  let broken: Error | undefined
  const fed = task.states.feed(path, state, over.signal).catch((error: Error) => {
    broken = error
  })
  try {
    await loaded(task, () => broken)
    reached('state loaded')
  } finally {
    over.abort()
    await fed
  }
}

const queryMigrate = z.object({ status: z.optional(z.string()) })

async function loaded({ qemu, signal }: Task, broken: () => Error | undefined): Promise<void> {
  const until = performance.now() + LOAD_MS
  for (let wait = LOOK_MS_MIN; ; wait = Math.min(wait * 2, LOOK_MS_MAX)) {
    if ((await queryRunState(qemu)).status !== WAITING) return
    const { status } = parseReply('query-migrate', queryMigrate, await qemu.execute('query-migrate'))
    const over = status === 'failed' || performance.now() > until || signal.aborted
    if (over) {
      const why = broken()?.message ?? `its migration is ${status ?? 'not begun'}`
      const message = `QEMU has not loaded the state: ${why}; the device model must be started anew`
      throw new CommandFailure('restore-failed', message, { stage: LOADING, outcome: 'partly' })
    }
    await pause(wait, signal)
  }
}
