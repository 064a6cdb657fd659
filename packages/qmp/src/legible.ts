/** Controls, formats (bidirectional overrides, zero width), lone surrogates, unassigned characters; line and paragraph separators. */
const ILLEGIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu

/** Text that came from QEMU, made fit for a terminal or a log: what could do harm there becomes `?`, and what is too long is cut with an ellipsis. */
export function legible(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, max - 1)}…` : text
  return cut.replace(ILLEGIBLE, '?')
}
