import { canonicalJson } from './codec/text.ts'

/** SHA-256 of a text's UTF-8 bytes as 64 hexadecimal digits. Passed in, since this package has no hash function of its own. */
export type Sha256 = (text: string) => string

/** Stands for the digest of a request whose arguments could not be read. */
export const UNREADABLE_DIGEST = '0000000000000000'

/** Names what a command id stands for, so that one id used for two different things is noticed. */
export function commandDigest(sha256: Sha256, command: string, args: unknown): string {
  return sha256(`${command}\n${canonicalJson(args)}`).slice(0, 16)
}
