import { runCli } from '../../../packages/dom0-agent/src/cli/program.ts'
import { type Finished, run } from './shell.ts'

/**
 * Runs the program in this process: Node's start and the loading of a bundle take an emulated processor four seconds of the host's each time, most of all that a test does. The rest of
 * it is the same, from the arguments to the exit code; what is about the program as it is installed uses {@link installedStubdomctl}.
 */
export async function stubdomctl(...args: string[]): Promise<Finished> {
  const began = performance.now()
  let stdout = ''
  let stderr = ''
  const code = await runCli(args, {
    stdout: { isTTY: false, write: text => void (stdout += text) },
    stderr: { isTTY: false, write: text => void (stderr += text) },
    env: process.env,
    onInterrupt: () => () => undefined,
  })
  return { code, stdout, stderr, ms: Math.round(performance.now() - began) }
}

/** The program that ships, in a process of its own. */
export function installedStubdomctl(...args: string[]): Promise<Finished> {
  return run('stubdomctl', args)
}

/** The document that `stubdomctl --json` prints. */
export async function stubdomctlJson(
  ...args: string[]
): Promise<Finished & { readonly document: Record<string, unknown> }> {
  return parsed(args, await stubdomctl('--json', ...args))
}

export async function installedStubdomctlJson(
  ...args: string[]
): Promise<Finished & { readonly document: Record<string, unknown> }> {
  return parsed(args, await installedStubdomctl('--json', ...args))
}

function parsed(args: readonly string[], finished: Finished) {
  try {
    return { ...finished, document: JSON.parse(finished.stdout) as Record<string, unknown> }
  } catch {
    throw new Error(
      `stubdomctl --json ${args.join(' ')} ended with ${finished.code} and no JSON: ${finished.stdout}${finished.stderr}`,
    )
  }
}
