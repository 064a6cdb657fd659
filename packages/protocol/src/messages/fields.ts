import * as z from 'zod/mini'
import { COMMAND_ID } from '../ids.ts'
import { COMMAND_NAME } from '../layout.ts'
import { TEXT_MAX } from '../limits.ts'

/** Fields that several messages share. Every string is bounded, every integer has a range. */

export const commandId = z.string().check(z.maxLength(16), z.regex(COMMAND_ID))
export const commandName = z.string().check(z.maxLength(32), z.regex(COMMAND_NAME))
export const text = z.string().check(z.maxLength(TEXT_MAX))
export const shortText = z.string().check(z.maxLength(64))
export const count = z.int().check(z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER))
export const domid = z.int().check(z.minimum(0), z.maximum(0x7fef))

/** Random, chosen by the agent each time it starts. */
export const epoch = z.string().check(z.regex(/^[0-9a-z]{8,16}$/))

/** The first 16 hexadecimal digits of a SHA-256 over a command's name and canonical arguments: see digest.ts. */
export const digest = z.string().check(z.regex(/^[0-9a-f]{16}$/))

export const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/))

/** `0000:03:00.0`. */
export const bdf = z.string().check(z.regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/))

/** A qdev id as QEMU allows it (id_wellformed), which may also begin with `#` for ids that QEMU makes. */
export const qdevIdText = z.string().check(z.regex(/^[A-Za-z#][A-Za-z0-9\-._]{0,63}$/))

/** A slot of a guest PCI bus that a device can be given: 0 is the host bridge. */
export const guestSlot = z.int().check(z.minimum(1), z.maximum(31))

/** The device model's own run state, as QMP's query-status names it. The guest's vCPUs belong to Xen. */
export const runState = z.enum(['running', 'paused'])

/** A VM run state in QEMU's words (RunState in qapi/run-state.json): open, since QEMU adds to it. */
export const qemuRunState = z.string().check(z.regex(/^[a-z][a-z0-9-]{0,31}$/))
