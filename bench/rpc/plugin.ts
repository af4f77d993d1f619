import { z } from 'zod'
import { async_, defineContract, definePlugin } from '../../lib/host/index.ts'

const line = z.object({ text: z.string().max(1_024) })

/** One call that gives back what it is given. */
export const echoContract = defineContract({ echo: async_({ args: line, result: line, allow: 'stranger' }) })

export const echoPlugin = definePlugin({
  name: 'bench',
  contract: echoContract,
  async start(host) {
    // Strangers are limited in rate.
    host.addRoleResolver(() => 'member')
    return { api: {}, handlers: { echo: ({ text }) => ({ text }) } }
  },
})
