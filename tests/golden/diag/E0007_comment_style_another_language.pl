# gain of the rule
const gain = 0.5
