import { Worker, type WorkerOptions } from 'node:worker_threads'

/** A thread that runs a TypeScript file beside this one: what `--import tsx` does holds for the main thread only. */
export function startThread(file: string, options: WorkerOptions): Worker {
  const url = new URL(file, import.meta.url).href
  const program = `import('tsx/esm/api').then(tsx => { tsx.register(); return import(${JSON.stringify(url)}) })`
  return new Worker(program, { ...options, eval: true })
}
