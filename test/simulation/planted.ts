import {
  type Bdf,
  Call,
  COMMANDS,
  parseBdf,
  qdevId,
  Responder,
  type ResponderEffect,
  type ResponderInput,
} from '@stubdom/protocol'
import type { PromiseName } from './check/violation.ts'

/** A bug that is planted on purpose, to see that it is found. */
export interface PlantedBug {
  readonly what: string
  /** The promises of which it breaks at least one. */
  readonly breaks: readonly PromiseName[]
  /** Puts it into the programs; returns what takes it out again. */
  plant(): () => void
}

type Handle = (this: Responder, input: ResponderInput, now: number) => ResponderEffect[]

/** Replaces a method of everything that a class makes, for a time. */
function patched<T extends object, K extends keyof T>(target: T, name: K, make: (original: T[K]) => T[K]): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor
  Object.defineProperty(target, name, { ...descriptor, value: make(descriptor.value as T[K]) })
  return () => Object.defineProperty(target, name, descriptor)
}

function inResponder(make: (original: Handle) => Handle): () => void {
  return patched(Responder.prototype, 'handle', make as (original: Responder['handle']) => Responder['handle'])
}

function bdfIn(args: unknown): string {
  return (args as { bdf: string }).bdf
}

function qdevIdOf(bdf: string): string {
  return qdevId(parseBdf(bdf) as Bdf)
}

/** What may stand in a request that nobody took back. */
const SOME_REQUEST = Buffer.from('{}')

export const PLANTED_BUGS = {
  'drop-the-claim': {
    what: 'the agent goes to QEMU without having written its claim',
    breaks: ['claim'],
    plant: () =>
      inResponder(
        handle =>
          function (input, now) {
            return handle.call(this, input, now).flatMap(effect => {
              if (effect.do !== 'claim') return [effect]
              const { command, id } = effect
              return handle.call(this, { on: 'claimed', command, id, request: SOME_REQUEST }, now)
            })
          },
      ),
  },
  'done-on-device-del': {
    what: 'the agent answers an unplug with done when device_del returns',
    breaks: ['unplug', 'truth'],
    plant: () => {
      const devices = new Map<string, string>()
      return inResponder(
        handle =>
          function (input, now) {
            const bdf = input.on === 'accepted' && devices.get(input.id)
            const outcome = bdf && ({ kind: 'done', result: { bdf, qdevId: qdevIdOf(bdf) } } as const)
            const told = outcome ? { on: 'executed' as const, command: input.command, id: input.id, outcome } : input
            const effects = handle.call(this, told, now)
            for (const effect of effects) {
              if (effect.do === 'execute' && effect.command === 'pci-detach') devices.set(effect.id, bdfIn(effect.args))
            }
            return effects
          },
      )
    },
  },
  'forget-the-gc': {
    what: 'the agent never removes the answers that were collected',
    breaks: ['nothing-left'],
    plant: () =>
      inResponder(
        handle =>
          function (input, now) {
            return handle.call(this, input, now).filter(effect => effect.do !== 'remove-response')
          },
      ),
  },
  'forget-the-requests': {
    what: 'dom0 never removes requests',
    breaks: ['nothing-left'],
    plant: () =>
      patched(
        Call.prototype,
        'handle',
        handle =>
          function (this: Call, input, now) {
            return handle.call(this, input, now).filter(effect => effect.do !== 'remove-request')
          },
      ),
  },
  'forget-what-was-left': {
    what: 'a new agent does not look at what an earlier one had claimed',
    breaks: ['truth', 'agreement', 'nothing-left'],
    plant: () =>
      inResponder(
        handle =>
          function (input, now) {
            return handle.call(this, input.on === 'started' ? { ...input, responses: [] } : input, now)
          },
      ),
  },
  'never-give-up': {
    what: 'a call does not notice that its time is over',
    breaks: ['deadline'],
    plant: () =>
      patched(
        Call.prototype,
        'handle',
        handle =>
          function (this: Call, input, now) {
            return input.on === 'tick' ? [] : handle.call(this, input, now)
          },
      ),
  },
  'no-order': {
    what: 'commands that change the same device run side by side',
    breaks: ['order'],
    plant: () => {
      const detach = patched(COMMANDS['pci-detach'], 'touches', () => () => [])
      const attach = patched(COMMANDS['pci-attach'], 'touches', () => () => [])
      return () => {
        detach()
        attach()
      }
    },
  },
} as const satisfies Record<string, PlantedBug>
