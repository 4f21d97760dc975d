import { reactive } from 'vue'
import { add, compare, type Dec, ZERO } from '@/shared/decimal/decimal'
import { getBalances } from '@/shared/materials/api'
import type { LotStock } from './lines'

export interface Lot {
  lotNo: string
  expiresOn: string | null
  quantity: Dec
}

/** The lots of materials, asked for when somebody wants to choose one. The soonest to expire comes first: issues take it first, too. */
export function useLots() {
  const known = reactive(new Map<number, Lot[]>())
  const asked = new Set<number>()

  async function want(materialId: number): Promise<void> {
    if (asked.has(materialId)) return
    asked.add(materialId)
    try {
      const byName = new Map<string, Lot>()
      for (const { lot_no: lotNo, expires_on: expiresOn, quantity } of await getBalances(materialId)) {
        const lot = byName.get(lotNo) ?? { lotNo, expiresOn, quantity: ZERO }
        byName.set(lotNo, { ...lot, quantity: add(lot.quantity, quantity) })
      }
      const lots = [...byName.values()].filter(({ lotNo, quantity }) => lotNo !== '' && compare(quantity, ZERO) > 0)
      known.set(materialId, lots.sort((a, b) => (a.expiresOn ?? '9').localeCompare(b.expiresOn ?? '9')))
    } catch {
      // Without them the oldest lots are taken, as always; asked again the next time somebody looks.
      asked.delete(materialId)
    }
  }

  const stockOf: LotStock = (materialId, lotNo) => known.get(materialId)?.find((lot) => lot.lotNo === lotNo)?.quantity ?? null
  const forget = () => {
    asked.clear()
    known.clear()
  }
  return { known, want, stockOf, forget }
}
