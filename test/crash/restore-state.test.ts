import { restoreState } from './matrix/restore-state.ts'
import { specify } from './specify.ts'

specify(restoreState)
