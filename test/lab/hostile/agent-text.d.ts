declare module 'stubdom-agent.mjs' {
  /** The agent's bundle, as text. */
  const text: string
  export default text
}
