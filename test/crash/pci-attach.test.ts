import { pciAttach } from './matrix/pci-attach.ts'
import { specify } from './specify.ts'

specify(pciAttach)
