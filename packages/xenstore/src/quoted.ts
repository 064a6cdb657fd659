/** Controls, formats (bidirectional overrides, zero width), unassigned characters; line and paragraph separators. JSON leaves many of them as they are. */
const ILLEGIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu

/** Characters of a quotation. */
const QUOTED_MAX = 200

/** A text as a quotation that is fit for an error, hence for a terminal or a log: in quotes and with escapes, cut with an ellipsis when it is long. */
export function quoted(text: string): string {
  const cut = text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX - 1)}…` : text
  return JSON.stringify(cut).replace(ILLEGIBLE, char =>
    Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}
