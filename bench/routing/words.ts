/** Names of services, resources and hosts: what platforms are made of. */
export const POOL: readonly string[] = (
  "account address agent alert archive asset audit balance banner basket batch billing booking brand budget " +
  "bundle calendar campaign card carrier catalog category channel charge chart checkout claim client comment " +
  "company contact content contract coupon credit currency customer dashboard dataset delivery deposit device " +
  "discount dispatch document domain driver email employee event export feature feed file filter fleet form " +
  "gallery group guest identity image import incident insight inventory invite invoice issue journal label " +
  "language layout lead ledger license listing location loyalty market media member menu merchant message " +
  "meter metric model module network note notice offer office option order owner package page partner payment " +
  "payout permission phone plan player point policy portal price product profile project promo provider quota " +
  "quote rate rating reading receipt record refund region report request reservation return review reward " +
  "rider role room route rule sale schedule school score season seat section sensor session setting shelf " +
  "shift shipment shop signal site skill slot source staff stage station statement stock store stream style " +
  "subject supplier survey tag target task tax team template tenant term ticket token topic tour track trade " +
  "transfer trip unit usage user vehicle vendor venue video visit voucher wallet warehouse widget zone"
).split(" ");
