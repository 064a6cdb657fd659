import { dmStop } from './matrix/dm-stop.ts'
import { specify } from './specify.ts'

specify(dmStop)
