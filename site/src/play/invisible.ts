/**
 * Characters that cannot be seen, or that change the order in which others are shown: with them, a program reads unlike
 * what it does. Tabs and ends of lines are none of them.
 */
export const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2028\u2029]|(?![\t\n\r])\p{Cc}/u;
