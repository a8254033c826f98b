// The account's cost centres as the station knows them, asked again when the station changed.
import { ask } from '../../backend';
import type { CentreView } from '../../generated/api';
import { coalesced } from '../../latest';

/** The refusal of a piece that a supervisor may pass. */
export const BUDGET_SPENT = 'budget_spent';

class Centres {
  list = $state<CentreView[]>([]);

  /** A station that cannot tell keeps what was there: the print itself is refused by name. */
  readonly refresh = coalesced(async () => {
    try {
      this.list = (await ask('cost-centres', {})).centres;
    } catch {
      return;
    }
  });

  /** What the tightest budget of a cost centre leaves, mills; nothing where there is none. */
  left(centre: CentreView): number | null {
    const rests = centre.budgets.map((budget) => Math.max(0, budget.budget_mills - budget.spent_mills));
    return rests.length === 0 ? null : Math.min(...rests);
  }
}

export const centres = new Centres();
