import * as z from 'zod/mini'
import { STATE_TEXT_MAX } from '../limits.ts'
import { count, sha256 } from './fields.ts'

/**
 * How a device model's state travels between QEMU and dom0. Both sides are configured alike; what the stubdomain says never decides where
 * dom0 reads or writes.
 * - `file`: a directory that both sides have.
 * - `xenstore`: in the message itself, deflated (RFC 1951) and in base64.
 * - `console`: a console of the stubdomain's, behind a line that names the command: console-mark.ts.
 */
export const stateChannel = z.enum(['file', 'xenstore', 'console'])

export type StateChannelName = z.output<typeof stateChannel>

/** What tells whether a state arrived whole. */
export const stateFields = { bytes: count, sha256 }

/** A state in a message. */
export const stateText = z.string().check(z.maxLength(STATE_TEXT_MAX), z.regex(/^[A-Za-z0-9+/]+={0,2}$/))
