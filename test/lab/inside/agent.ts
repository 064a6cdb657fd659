import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'

/** The agent's bundle; put in when a program is bundled. */
declare const AGENT_TEXT: string

/** Starts the real agent with this program's own arguments. The program ends with it, as the agent itself would have. */
export function startAgent(): ChildProcess {
  writeFileSync('/run/agent.mjs', AGENT_TEXT)
  const agent = spawn(process.execPath, ['/run/agent.mjs', ...process.argv.slice(2)], { stdio: 'inherit' })
  agent.on('exit', code => process.exit(code ?? 1))
  process.on('SIGTERM', () => agent.kill())
  return agent
}
