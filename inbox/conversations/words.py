"""The words by which a message's drift is told, Spanish and English (pure; read by awaits.py).

All are folded: lower case, without accents, apostrophes straight. Lists of negative words are small on
purpose: a word too many only lets somebody wait who need not.
"""


def _phrases(written: str, between: str = "|") -> frozenset[str]:
    """Return the phrases between the bars and the ends of lines."""
    return frozenset(phrase.strip() for phrase in written.replace("\n", between).split(between)) - {""}


NEGATIVE = _phrases(
    """
    no nunca jamas nada nadie ni ningun ninguna tampoco sin pero todavia aun sigue siguen
    mal malo mala malos malas peor pesimo pesima fatal horrible terrible lamentable asco verguenza
    estafa estafas estafadores robo ladron ladrones mentira mentiras mentiroso mentirosos engano basura inutil
    roto rota rotos rotas falla fallas fallo fallos error errores averia problema problemas
    queja quejas reclamo reclamacion reembolso devolucion cancelar denuncia denunciar
    decepcion decepcionado decepcionada enojado enojada enfadado enfadada harto harta falta faltan tarde
    not never nothing none nobody nor cannot without but still yet unfortunately
    bad worse worst terrible horrible awful disgusting rude useless broken wrong fake
    scam scammer scammers fraud refund complaint problem problems issue issues error errors
    fail fails failed failing missing lost late cancel cancelled canceled
    disappointed disappointing disappointment angry upset hate lie lies liar ridiculous unacceptable
    cant dont doesnt didnt wont isnt wasnt arent werent havent hasnt couldnt wouldnt shouldnt aint
    """,
    between=" ",
)

# What says thanks by itself; several words are one phrase.
THANKS = _phrases(
    """
    gracias|muchas gracias|mil gracias|muchisimas gracias|mil y mil gracias|gracias mil|graciaas|graciasss
    grax|grasias|te lo agradezco|se lo agradezco|se agradece|se los agradezco|os lo agradezco|agradecido|agradecida
    muy agradecido|muy agradecida|muy amable|muy amables|que amable|que amables|te pasaste|sos un genio|sos genial
    eres un sol|sois geniales|son geniales|son lo maximo|son los mejores|sois los mejores|los mejores|lo maximo
    thanks|thank you|thank u|thankyou|thx|thnx|thanx|tysm|tyvm|ty|tks|cheers|ta|many thanks|thanks a lot
    thanks a million|thanks a bunch|thanks so much|thank you so much|thank you very much|thanks heaps
    much appreciated|appreciated|appreciate it|i appreciate it|really appreciate it|i really appreciate it
    appreciate that|i appreciate that|you rock|you guys rock|you're the best|youre the best|ur the best
    you are the best|you guys are the best|you're awesome|you are awesome|you're amazing|you are amazing
    you're a star|you're a legend|legend|legends|bless you|much obliged
    """
)

# What may stand around thanks without adding anything to answer.
AROUND = _phrases(
    """
    ok|okay|oki|okey|okis|vale|dale|listo|listos|perfecto|perfect|genial|excelente|estupendo|fenomenal|buenisimo
    bueno|buenas|super|entendido|de acuerdo|claro|si|sip|ya|ah|aah|oh|ay|uy|wow|guau|jaja|jajaja|jeje|haha|hehe|lol
    muy bien|bien|todo bien|que bien|que bueno|que lindo|que linda|que rapido|rapidisimo|de verdad|de corazon
    por todo|por la respuesta|por su respuesta|por tu respuesta|por vuestra respuesta|por responder|por contestar
    por la info|por la informacion|por la ayuda|por su ayuda|por tu ayuda|por vuestra ayuda|por ayudar|por ayudarme
    por la atencion|por su atencion|por tu atencion|por avisar|por el dato|por aclarar|por la aclaracion|por su tiempo
    por la pronta respuesta|por responder tan rapido|por el aviso|por el apoyo|por su apoyo|por estar
    a ti|a vos|a usted|a ustedes|a vosotros|a todos|al equipo|equipo|equipazo|chicos|chicas|amigos|amigas|amigo|amiga
    gente|igualmente|de nuevo|otra vez|nuevamente|muchas|muchisimas|infinitas|bendiciones|saludos|un saludo|un abrazo
    abrazo|abrazos|besos|buen dia|buenos dias|buenas tardes|buenas noches|feliz dia|hasta luego|nos vemos|y|entonces
    lo probare|lo hare|asi lo hare|lo pruebo|lo miro|ahora lo miro|ya lo vi|recibido|solucionado|resuelto|funciono
    ya funciona|os quiero|los quiero|las quiero|los amo|crack|cracks|maquinas|grandes|grande
    k|kk|cool|nice|great|awesome|amazing|lovely|wonderful|brilliant|fantastic|excellent|sweet|sounds good|good|fine
    got it|understood|noted|will do|i will|will try|will try it|i'll try it|i'll do that|i'll check|works now
    it works|it works now|that worked|that helps|that helped|very helpful|so helpful|helpful|solved|sorted|fixed
    so much|very much|a lot|again|once again|for everything|for the help|for your help|for all your help|for helping
    for helping me|for the info|for the information|for the reply|for the quick reply|for replying|for your reply
    for the response|for the quick response|for your response|for the answer|for answering|for the update
    for letting me know|for getting back|for getting back to me|for your time|for the tip|for the heads up
    for the support|for your support|guys|team|folks|all|everyone|friend|friends|mate|man|bro|and|so|really|yes|yep
    yeah|yay|ah|oh|then|have a nice day|have a good day|have a great day|you too|same to you|love you|love you guys
    xoxo|x|xx|have a lovely day|take care|see you|bye
    """
)
