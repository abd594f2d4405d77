"""Detection of answers that are not queries: refusals, apologies, questions back, introductions and thoughts.

They are told by how they begin, in the languages below. A refusal in another language is like nothing in its passage, so
the consistency filter (``mining.consistency``) drops it from training.
"""

import re

_NOT = (
    r"(?:can['’]?t|cannot|can not|could not|couldn['’]?t|won['’]?t|will not"
    r"|am not able to|am unable to|['’]m (?:not able|unable) to)"
)
_TASK = (
    r"(?:provide|generate|create|write|produce|assist|help with|help you|answer|fulfil|comply|find a"
    r"|see (?:a|any|the) passage)"
)
_LACKED = (
    r"(?:enough|sufficient|any|the(?: necessary)?|access to (?:a|any|the)) (?:information|context|passage|text|details)"
)
_ENGLISH = (
    r"as an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    r"(?:i['’]?m|i am) (?:sorry|afraid),? (?:but\b|i\b|there\b|the passage\b)",
    r"(?:sorry|unfortunately),? (?:but\b|i\b|the passage\b)",
    r"i apologi[sz]e\b",
    rf"i ?{_NOT} {_TASK}\b",
    rf"i (?:do not|don['’]?t) (?:have|see) {_LACKED}\b",
    r"there (?:is|was) (?:not enough|insufficient) (?:information|context|text|content)\b",
    r"(?:not enough|insufficient) (?:information|context) (?:to|in|is|was)\b",
    r"(?:could|can) you (?:please )?(?:provide|share|give)(?: me)? (?:a|the|more) (?:passage|text|context)\b",
    r"please (?:provide|share|give)(?: me)? (?:a|the|more)\b",
    r"(?:there (?:is|was) )?no passage\b",
    r"(?:the (?:given |provided |last )?|this )passage (?:is|does|has|was|describes|discusses|says|states|seems|explains)\b",
    r"(?:the (?:given |provided )?|this )(?:text|excerpt) "
    r"(?:does(?: not|n['’]?t) (?:contain|provide|mention|have|say|include)|describes|discusses|states|explains|seems)\b",
    r"(?:sure|certainly|of course|absolutely)[,!]",
    r"(?:(?:okay|ok|alright|all right|hmm+)[,.!]?|(?:well|right|first|so)[,.!]) "
    r"(?:let['’]?s (?:see|think|look|tackle)|let me (?:see|think|read|check|try|write|start|look|analy[sz]e)"
    r"|(?:i|we) (?:need|have) to (?:write|generate|create|come up|find|identify|read)"
    r"|the (?:passage|user|text) (?:is|wants|asks|says|describes|discusses|provided))\b",
    r"(?:let me (?:think|see|read|analy[sz]e)|the user (?:wants|asks|is asking|provided)|we need to (?:write|generate))\b",
    r"here(?:['’]s| is| are) .*:$",
    r"(?:n/?a|none|null|no (?:question|query|answer|claim|title|keywords))\.?$",
)
_GERMAN_TASK = r"(?:frage|suchanfrage|anfrage|behauptung|aussage|überschrift|stichwörter|titel)"
_GERMAN = (
    r"(?:es )?tut (?:mir|uns) (?:sehr |wirklich )?leid,? (?:aber|doch|ich|der|die|das|dass|dazu|hier)\b",
    r"leider (?:kann|konnte|habe|bin|darf) ich\b",
    r"leider (?:enthält|liefert|bietet|reicht|gibt) (?:der|die|dieser|diese|es)\b",
    r"ich (?:kann|konnte|darf) (?:ihnen |dir |dabei |damit |hier |dazu |daher |leider |aus \w+ \w+ )*"
    rf"(?:keine?n? (?:\w+ )?{_GERMAN_TASK}|nicht (?:dabei |damit |weiter)?helfen|diese \w+ nicht beantworten)\b",
    r"ich habe (?:nicht genügend|nicht genug|zu wenig|keine) (?:informationen|angaben|text|kontext)\b",
    r"(?:entschuldigung|verzeihung),? (?:aber|ich)\b",
    r"als (?:ki|künstliche intelligenz|(?:grosses |großes )?sprachmodell)\b",
    r"(?:der|dieser|die|diese) (?:gegebene |vorliegende )?(?:textabschnitt|abschnitt|passage|textpassage) ist\b",
    r"(?:der|dieser|die|diese) (?:gegebene |vorliegende )?(?:text|textabschnitt|abschnitt|passage|textpassage) "
    r"(?:enthält|beschreibt|behandelt|handelt|bietet|liefert|erklärt|besagt)\b",
    r"bitte (?:geben|gib|stellen|stelle|senden|teilen) (?:sie |du )?(?:mir )?(?:einen?|den|die|mehr|weitere)\b",
    r"(?:natürlich|gerne|sicher|klar|selbstverständlich)[,!]",
    r"hier (?:ist|sind) .*:$",
)
_FRENCH_TASK = (
    r"(?:de |d['’]|une |cette |votre )?(?:question|requête|demande|réponse|affirmation|titre|contenu|informations?)"
)
_FRENCH = (
    r"(?:je suis |nous sommes )?(?:vraiment |sincèrement )?désolée?s?,? (?:mais|je|il|nous|le|la|ce)\b",
    r"je (?:m['’]excuse|vous prie de m['’]excuser)\b",
    r"(?:malheureusement|hélas),? (?:je|il|le|la|ce)\b",
    r"je ne (?:peux|puis|pourrai|saurais|suis) (?:malheureusement )?pas (?:en mesure (?:de |d['’]))?(?:(?:vous |t['’])aider"
    rf"|(?:répondre à|générer|créer|écrire|fournir|rédiger|formuler|produire) {_FRENCH_TASK})\b",
    r"je n['’]ai pas (?:assez|suffisamment) (?:d['’]informations?|d['’]éléments|de contexte)\b",
    r"il n['’]y a pas (?:assez|suffisamment) d['’]informations?\b",
    r"(?:le|ce) (?:passage|extrait) (?:fourni |donné )?est\b",
    r"(?:le|ce) (?:passage|texte|extrait) (?:fourni |donné )?"
    r"(?:ne (?:contient|fournit|permet|donne|mentionne|comporte)|décrit|parle|traite|explique)\b",
    r"en tant qu(?:['’]|e )(?:ia|intelligence artificielle|assistant|modèle)\b",
    r"veuillez (?:me )?(?:fournir|donner|préciser|partager)\b",
    r"(?:bien sûr|certainement|d['’]accord|avec plaisir) ?[,!]",
    r"(?:voici|voilà) .*:$",
)
_SPANISH_TASK = (
    r"(?:una? |ninguna? |la |esa |esta )?(?:pregunta|consulta|respuesta|afirmación|título|contenido|información)"
)
_SPANISH = (
    r"lo (?:siento|lamento)(?: mucho)?,? (?:pero|no|el|la|este)\b",
    r"(?:lamentablemente|desafortunadamente|por desgracia),? (?:no|el|la|este)\b",
    r"no (?:puedo|podría|soy capaz de|me es posible) (?:ayudar(?:te|le)"
    rf"|(?:generar|crear|proporcionar|responder a|escribir|formular|redactar|ofrecer) {_SPANISH_TASK})\b",
    r"no (?:tengo|hay|dispongo de) (?:suficiente|bastante) (?:información|contexto|datos)\b",
    r"(?:el|este) (?:pasaje|fragmento) (?:proporcionado |dado )?es\b",
    r"(?:el|este) (?:pasaje|texto|fragmento) (?:proporcionado |dado )?"
    r"(?:no (?:contiene|proporciona|ofrece|menciona|incluye)|trata|describe|habla|explica)\b",
    r"(?:como|soy) (?:un |una )?(?:modelo de lenguaje|ia|inteligencia artificial|asistente)\b",
    r"por favor,? (?:proporci[oó]n\w*|comparte|comparta|indica|indique|dame|deme)\b",
    r"(?:claro(?: que sí)?|por supuesto|desde luego|con gusto)[,!]",
    r"(?:aquí (?:tienes|tiene|está|hay)|esta es) .*:$",
)
_OTHER = (
    r"(?:mi dispiace|sono spiacente|purtroppo),? (?:ma|non|il)\b",
    r"non (?:posso|sono in grado di) (?:aiutar\w*|generare|creare|scrivere|rispondere|fornire)\b",
    r"(?:desculpe|lamento|sinto muito|infelizmente),? (?:mas|não|o)\b",
    r"não (?:posso|consigo) (?:ajudar|gerar|criar|escrever|responder|fornecer)\b",
    r"(?:het spijt me|sorry|helaas),? (?:maar|ik)\b",
    r"ik kan (?:helaas )?(?:geen|niet) (?:\w+ ){0,3}?(?:vraag|helpen|schrijven|genereren|beantwoorden)\b",
    r"(?:извините|простите|к сожалению|прошу прощения),? (?:но|я|не|в|этот|данный)\b",
    r"я не могу (?:\w+ )?(?:помочь|создать|написать|ответить|сгенерировать|сформулировать|предоставить)\b",
    r"(?:很?抱歉|对不起|對不起|不好意思)[,，。!]?\s?(?:我|但|该|這|这|无法)",
    r"(?:我|由于.*)(?:无法|無法|不能)(?:\w{0,4})(?:提供|生成|回答|创建|撰写|帮助|根据)",
    r"(?:申し訳|すみませんが|すみません、|恐れ入りますが)",
    r"(?:죄송합니다|죄송하지만|미안하지만)",
)
_ANY = re.compile("|".join(f"(?:{one})" for one in (*_ENGLISH, *_GERMAN, *_FRENCH, *_SPANISH, *_OTHER)))


def is_refusal(folded: str) -> bool:
    """Return whether a folded answer begins like a refusal, an apology, a question back, an introduction or thoughts."""
    return _ANY.match(folded) is not None
