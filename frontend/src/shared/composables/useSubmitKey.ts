import { newKey } from '@/api/client'
import { isProblem } from '@/api/problem'

/**
 * The key of one form's submission. It stays the same for as long as the outcome is unknown, so that what arrives twice is
 * done once; after the server has said no, what is corrected and sent again is another request.
 */
export function useSubmitKey(): <Result>(send: (key: string) => Promise<Result>) => Promise<Result> {
  let key = newKey()
  return async (send) => {
    try {
      return await send(key)
    } catch (fault) {
      if (isProblem(fault) && !fault.isNetwork) key = newKey()
      throw fault
    }
  }
}
