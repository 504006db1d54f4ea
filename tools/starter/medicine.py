"""Multiple choice in medicine, from parts of the body to exam-like questions."""

from tools.starter.item import Item, Option, shuffled

SEED = 43


def items() -> list[Item]:
    """36 items."""
    return shuffled("medicine", [Option(*row[:3], row[3]) for row in ROWS], SEED)


# Subject, question, right option, wrong options.
ROWS: tuple[tuple[str, str, str, tuple[str, str, str]], ...] = (
    (
        "anatomy",
        "Which organ pumps blood through the body?",
        "The heart",
        ("The liver", "The stomach", "The bladder"),
    ),
    ("anatomy", "With which organs do we breathe?", "The lungs", ("The kidneys", "The ears", "The bones")),
    (
        "anatomy",
        "Where in the body is the femur?",
        "In the thigh",
        ("In the forearm", "In the skull", "In the foot"),
    ),
    (
        "anatomy",
        "Which is the largest organ on the outside of the body?",
        "The skin",
        ("The nose", "The tongue", "The eye"),
    ),
    ("anatomy", "How many chambers does a healthy human heart have?", "4", ("2", "3", "6")),
    (
        "anatomy",
        "Which chamber of the heart pumps blood into the aorta?",
        "Left ventricle",
        ("Right ventricle", "Left atrium", "Right atrium"),
    ),
    (
        "anatomy",
        "Which nerve can be compressed in carpal tunnel syndrome?",
        "Median nerve",
        ("Ulnar nerve", "Radial nerve", "Sciatic nerve"),
    ),
    (
        "anatomy",
        "To which part of the gut is the appendix attached?",
        "Caecum",
        ("Stomach", "Duodenum", "Rectum"),
    ),
    (
        "physiology",
        "Which cells carry oxygen in the blood?",
        "Red blood cells",
        ("White blood cells", "Platelets", "Nerve cells"),
    ),
    ("physiology", "Which organ makes urine?", "The kidney", ("The spleen", "The lung", "The pancreas")),
    ("physiology", "Which hormone lowers blood sugar?", "Insulin", ("Glucagon", "Adrenaline", "Cortisol")),
    (
        "physiology",
        "Which organ produces insulin?",
        "The pancreas",
        ("The liver", "The thyroid", "The kidney"),
    ),
    ("physiology", "Which organ produces bile?", "The liver", ("The stomach", "The heart", "The spleen")),
    (
        "physiology",
        "Which blood cells are needed for clotting?",
        "Platelets",
        ("Lymphocytes", "Eosinophils", "Red blood cells"),
    ),
    (
        "physiology",
        "What is a normal body temperature?",
        "About 37 °C",
        ("About 30 °C", "About 42 °C", "About 45 °C"),
    ),
    (
        "physiology",
        "Which gland releases thyroid-stimulating hormone (TSH)?",
        "Anterior pituitary",
        ("Thyroid", "Adrenal cortex", "Pineal gland"),
    ),
    (
        "physiology",
        "In which part of the kidney's nephron is most of the filtered sodium reabsorbed?",
        "Proximal tubule",
        ("Distal tubule", "Collecting duct", "Thin descending limb"),
    ),
    (
        "nutrition",
        "A lack of which vitamin causes scurvy?",
        "Vitamin C",
        ("Vitamin A", "Vitamin D", "Vitamin K"),
    ),
    (
        "nutrition",
        "A lack of which mineral is the most common cause of anaemia?",
        "Iron",
        ("Zinc", "Iodine", "Calcium"),
    ),
    (
        "nutrition",
        "Which vitamin is made in the skin in sunlight?",
        "Vitamin D",
        ("Vitamin B12", "Vitamin C", "Vitamin K"),
    ),
    (
        "nutrition",
        "A lack of which vitamin in early pregnancy raises the risk of neural tube defects?",
        "Folate",
        ("Niacin", "Vitamin C", "Vitamin E"),
    ),
    ("infections", "What kind of germ causes influenza?", "A virus", ("A bacterium", "A fungus", "A worm")),
    (
        "infections",
        "Against which germs do antibiotics work?",
        "Bacteria",
        ("Viruses", "Prions", "Head lice"),
    ),
    ("infections", "Which animal spreads malaria?", "Mosquito", ("Tick", "House fly", "Rat")),
    (
        "infections",
        "Which germ causes tuberculosis?",
        "Mycobacterium tuberculosis",
        ("Streptococcus pyogenes", "Plasmodium falciparum", "Candida albicans"),
    ),
    (
        "infections",
        "Which bacterium is a main cause of peptic ulcers?",
        "Helicobacter pylori",
        ("Escherichia coli", "Staphylococcus aureus", "Clostridium tetani"),
    ),
    ("pharmacology", "What is aspirin often taken for?", "Pain", ("Hair loss", "Poor eyesight", "Snoring")),
    (
        "pharmacology",
        "Which drug reverses an overdose of opioids?",
        "Naloxone",
        ("Flumazenil", "Atropine", "Vitamin K"),
    ),
    (
        "pharmacology",
        "Which drug is the antidote to a paracetamol (acetaminophen) overdose?",
        "Acetylcysteine",
        ("Naloxone", "Protamine", "Digoxin antibodies"),
    ),
    (
        "pharmacology",
        "Which drug is usually the first choice for type 2 diabetes?",
        "Metformin",
        ("Warfarin", "Amoxicillin", "Levothyroxine"),
    ),
    (
        "pharmacology",
        "A dry cough is a typical side effect of which group of drugs?",
        "ACE inhibitors",
        ("Beta blockers", "Statins", "Loop diuretics"),
    ),
    (
        "diagnosis",
        "A patient has sudden weakness of one arm, a drooping face and slurred speech. What is most likely?",
        "Stroke",
        ("Common cold", "Appendicitis", "Kidney stone"),
    ),
    (
        "diagnosis",
        "Which test best confirms that a child has swallowed a coin that is stuck in the oesophagus?",
        "X-ray",
        ("Blood count", "Urine test", "Electroencephalogram"),
    ),
    (
        "diagnosis",
        "Pain that begins around the navel and moves to the lower right abdomen, with fever, suggests which illness?",
        "Appendicitis",
        ("Asthma", "Migraine", "Gout"),
    ),
    (
        "diagnosis",
        "Weight loss, a fast heartbeat, tremor and bulging eyes suggest which illness?",
        "Graves' disease",
        ("Hypothyroidism", "Addison's disease", "Iron deficiency"),
    ),
    (
        "diagnosis",
        "Which substance in the blood rises when heart muscle dies?",
        "Troponin",
        ("Amylase", "Creatinine", "Bilirubin"),
    ),
)
