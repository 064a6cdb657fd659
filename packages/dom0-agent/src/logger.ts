/** Where the library tells what it does; a pino logger is one. `child` gives every line further fields, such as a command's id. */
export interface Logger {
  debug(fields: object, message: string): void
  warn(fields: object, message: string): void
  child(fields: object): Logger
}

export const SILENT: Logger = { debug: () => {}, warn: () => {}, child: () => SILENT }
