/** Somebody hostile in a process of its own, who can also be as busy and do nobody harm. */
import { serveMethods } from '../kit/actor.ts'
import { KINDS, type Target } from './kinds.ts'

const BURN_MILLIS = 20

let end: () => void = () => undefined
let began = 0
let before = process.cpuUsage()

const spentSince = (earlier: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(earlier)
  return user + system
}

serveMethods(
  {
    attack(kind: string, target: Target) {
      end()
      began = performance.now()
      before = process.cpuUsage()
      end = KINDS[kind]?.(target) ?? end
    },

    /** Ends the attack, and from now on takes as much of a processor as it did; gives how much, in cores. */
    calm() {
      end()
      const cores = began === 0 ? 0 : spentSince(before) / 1_000 / (performance.now() - began)
      const timer = setInterval(() => {
        const earlier = process.cpuUsage()
        while (spentSince(earlier) < cores * BURN_MILLIS * 1_000);
      }, BURN_MILLIS)
      end = () => clearInterval(timer)
      return cores
    },
  },
  async () => end(),
)
