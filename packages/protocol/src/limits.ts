/** Every bound of the protocol in one place. Bytes are bytes of 7-bit ASCII; where a number comes from the daemons, it says so. */

/**
 * Bytes of one value, either direction. C xenstored gives an unprivileged domain 2,015 bytes less 8 per further permission entry;
 * oxenstored 2,048, dom0 included. 1,900 leaves room for both.
 */
export const VALUE_BYTES_MAX = 1_900

/** Bytes of a message continued in parts. */
export const MESSAGE_BYTES_MAX = 256 * 1024

/** Characters of a device model's state in a message: room is left for what else the message holds. */
export const STATE_TEXT_MAX = MESSAGE_BYTES_MAX - 2_048

/** Bytes of a device model's state, whichever way it goes; real ones have 12 to 400 KB. */
export const STATE_BYTES_MAX = 64 * 1024 * 1024

/** Parts of a message: two base-36 characters name more, but not more bytes than {@link MESSAGE_BYTES_MAX}. */
export const PARTS_MAX = Math.ceil(MESSAGE_BYTES_MAX / VALUE_BYTES_MAX)

/** Nesting of objects and lists in a message. Deeper ones are refused before they are parsed. */
export const JSON_DEPTH_MAX = 16

/** Characters of a text meant for people (`error.message`, a status). */
export const TEXT_MAX = 512

/** Requests that may stand in one command's directory; oxenstored cannot list more than about 240 to a domain. */
export const REQUESTS_PER_COMMAND_MAX = 64

/** Final responses of one command that the agent keeps until dom0 collects them; C xenstored fits 118 names of 16 characters. */
export const RESPONSES_PER_COMMAND_MAX = 64

/** Commands that an agent works on (queued or running) before it answers `busy`. */
export const WINDOW_DEFAULT = 32

/** Entries in `refused`. */
export const REFUSED_MAX = 16

/** Events in the ring `event/<n>`. */
export const EVENT_RING = 32

/** Milliseconds. The longest deadline a request may name: a day. */
export const DEADLINE_MS_MAX = 86_400_000

/** Milliseconds. How long dom0 waits for word after it wrote `cancel`. */
export const GRACE_MS_DEFAULT = 2_000

/** Milliseconds. How long a request whose outcome is unknown stays, so that its id can be picked up again. */
export const RETENTION_MS_DEFAULT = 600_000

/** Milliseconds. How often a waiting requester looks although no watch fired. */
export const POLL_MS = 2_000
