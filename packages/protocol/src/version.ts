/** Versions of the control protocol that this code speaks, lowest and highest. */
export const PROTOCOL_VERSIONS = [1, 1] as const

/** The version that this code writes. */
export const PROTOCOL_VERSION = 1

/** A peer's range as it stands in its `hello`. */
export type VersionRange = readonly [lowest: number, highest: number]

/** The highest version that both ranges hold; undefined when they do not overlap. */
export function commonVersion(peer: VersionRange, ours: VersionRange = PROTOCOL_VERSIONS): number | undefined {
  const highest = Math.min(peer[1], ours[1])
  return highest >= Math.max(peer[0], ours[0]) ? highest : undefined
}

/** Whether this code speaks `version`. */
export function isSpoken(version: number): boolean {
  return commonVersion([version, version]) !== undefined
}

/** `1` or `1–3`, for messages to people. */
export function formatRange([lowest, highest]: VersionRange): string {
  return lowest === highest ? `${lowest}` : `${lowest}–${highest}`
}
