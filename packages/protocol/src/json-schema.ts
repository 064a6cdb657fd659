import * as z from 'zod/mini'
import { COMMAND_NAMES, COMMANDS } from './commands/index.ts'
import { agentStatus } from './messages/agent-status.ts'
import { event } from './messages/event.ts'
import { hello } from './messages/hello.ts'
import { made } from './messages/made.ts'
import { refused } from './messages/refused.ts'
import { request, requestHead } from './messages/request.ts'
import { responseNode } from './messages/response.ts'

/**
 * The protocol's messages as JSON Schema (draft 2020-12), by the name of the file under docs/schema. Not part of the package's surface: programs check
 * with the schemas that this is made from.
 */
export function jsonSchemas(): Record<string, object> {
  const schemas: Record<string, object> = {
    'request.json': of('A request', request),
    'request-head.json': of('The head of a request continued in parts', requestHead),
    'made.json': of('The node made', made),
    'hello.json': of('The node hello', hello),
    'status.json': of('The node status', agentStatus),
    'refused.json': of('The node refused', refused),
    'event.json': of('An event', event),
  }
  for (const name of COMMAND_NAMES) {
    schemas[`args-${name}.json`] = of(`args of ${name}`, COMMANDS[name].args)
    schemas[`response-${name}.json`] = of(`A response of ${name}`, responseNode(COMMANDS[name].result))
  }
  return schemas
}

function of(title: string, schema: z.ZodMiniType): object {
  // What may be read: unknown fields of a request are ignored, those of everything else are refused.
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return { $schema, title, ...rest }
}
