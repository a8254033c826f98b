// What roles and rights are called.
import type { Role, UserView } from '../../generated/api';

export const ROLES: { role: Role; word: string }[] = [
  { role: 'clerk', word: 'Clerk' },
  { role: 'supervisor', word: 'Supervisor' },
  { role: 'installer', word: 'Installer' },
  { role: 'auditor', word: 'Auditor' },
  { role: 'admin', word: 'Admin' },
];

export const roleWord = (user: UserView): string => ROLES.find((one) => one.role === user.role)?.word ?? user.role;

export const rightsOf = (user: UserView): string =>
  [user.money && 'money', user.refunds && 'refunds', user.users && 'users'].filter(Boolean).join(', ') || 'no rights';
