import { SourceMap } from 'node:module'
import { normalize } from 'node:path'

/** Finds in the sources what an error in a bundle names. */
export class SourcePositions {
  readonly #position: RegExp
  readonly #map: SourceMap

  /** @param bundle its path in dom0, without the first slash @param map its source map, whose paths are relative to the bundle's directory */
  constructor(bundle: string, map: string) {
    this.#position = new RegExp(`(?:file://)?/${bundle.replaceAll('.', '\\.')}:(\\d+):(\\d+)`, 'g')
    this.#map = new SourceMap(JSON.parse(map))
  }

  /** The text with the sources' names, lines and columns instead of the bundle's. */
  in(text: string): string {
    return text.replace(this.#position, (position, line: string, column: string) => {
      const entry = this.#map.findEntry(Number(line) - 1, Number(column) - 1)
      if (!('originalSource' in entry)) return position
      return `${normalize(`lab/${entry.originalSource}`)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
    })
  }
}
