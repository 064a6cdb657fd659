/** Crashes of a pci-detach that the guest does not answer: the outcome is unknown until it does, and the same id tells it then. */
export const UNANSWERED: readonly { readonly dies: 'dom0’s process' | 'the agent'; readonly at: string }[] = [
  { dies: 'dom0’s process', at: 'progress read' },
  { dies: 'dom0’s process', at: 'cancel written' },
  { dies: 'the agent', at: 'progress written' },
]
