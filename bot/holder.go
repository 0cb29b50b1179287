package bot

import (
	"regexp"
	"strings"
	"unicode"
)

// The legal forms of companies as they stand after and before their names, folded: in lower case, without spaces and
// points. The frequent ones were read off the built-in table of networks.
var (
	formsAfter = words(`
		&co &cokg &company ab abpubl ac ad ag akcyjna aktiebolag aktiengesellschaft aktieselskab andcompany
		anonimsirketi anonimşirketi aps as asa berhad bhd bm bsc bv bvba ca cc cialtda cjsc closedjointstockcompany
		closedjsc co cokg coltd company coohg corp corporation cvba dac dd designatedactivitycompany doo ead eg ehf
		eireli eireliepp eirelime eirl eood epp esp eu eurl ev fop fzc fzco fze fzllc gbr gesmbh gie gk gmbh gmbh&co
		gmbh&cokg gmbh&cokgaa gmbh&coohg hf inc incorporated is jdoo jllc jointstockcompany jsc kabushikikaisha kd kft
		kg kgaa kk ks ksc lda limitada limited limitedliabilitycompany limitedliabilitypartnership limitedpartnership
		limitedsirketi limitedşirketi llc llp lp ltd ltda ltdaepp ltdame ltdsti mbh mchj me mmc na nv nvsa nyrt oao ohg
		ojsc ood ooo openjointstockcompany openjsc osakeyhtio osakeyhtiö ou oy oyab oyj oü pc pcl pe persero pjs pjsc
		plc pllc pp private privatejointstockcompany privatejsc privatelimitedcompany prjsc psc pt pte pteltd pty ptyltd
		publiccompany publicjointstockcompany publicjsc publiclimitedcompany pvt pvtltd qpsc qsc sa sab sabdecv sac saci
		sacv sadecv sae sal sanv saoc saog sapidecv sarl sas sasu sau sc sca scrl sderl sderldecv sdn sdnbhd se sha shpk
		sia sl slu snc sociedadanonima sociedadanónima sociedadlimitada societaperazioni societeanonyme sociétéanonyme
		spa spj spk spolkaakcyjna spolkazograniczonaodpowiedzialnoscia spolkazoo spolsro spzoo spzook spółkaakcyjna srl
		srls sro sti tbk too tov uab ug ughaftungsbeschraenkt ughaftungsbeschränkt ulc unlimited vof vzw wll xxk zao zrt
		zs`)
	formsBefore = words(`
		ao chp cjsc closedjointstockcompany closedjsc eurl fop jointstockcompany jsc limitedcompany
		limitedliabilitycompany llc ltd nao oao ojsc ooo openjointstockcompany openjsc pao pat pe pjsc prat
		privatejointstockcompany privatejsc prjsc publicjointstockcompany publicjsc sarl sia spd too tov uab vat zao zat
		ао зао оао ооо пао`)

	// Words and parts of names as well: they are forms where they are written in capitals, or even with points.
	inCapitals = words(`
		ad ao as cc chp cv eg epp ev fop gk kk ks lp me na nao ou pao pat pe pjs pp prat pt sa sac sal sas sau se sia sl
		spa spd spj spk too tov uab ug vat zat`)
	withPoints = words("ac ca esp eu is kd pc sc zs")

	// Before another form they are of the name: Telkom SA Ltd is of South Africa.
	alone = words("ab ag")

	// PT and CV are Indonesian before a name that has no other form than theirs, and are of the name elsewhere.
	indonesian      = words("pt cv")
	indonesianAfter = words("tbk persero pt")

	// What these end in is no form: Bank of SA, The Limited.
	unfinished = words("a an and at by da de del der di do dos du e et for in la le of on the to u und v van von y")
)

// mostWords is how many words a form has.
const mostWords = 5

var (
	notComma = regexp.MustCompile(`[^\s,]+`)
	// A few capitals before a name in quotes are a form, of whatever country: AB "Artea bankas", MUP "Vodokanal".
	quotedName = regexp.MustCompile(`^\p{Lu}{2,5}\.?,? ?["“„«](.+)["”“»]$`)
	glued      = regexp.MustCompile(`^(PT|CV)\.(\pL)`)
	quotes     = strings.NewReplacer(`"`, " ", "“", " ", "”", " ", "„", " ", "«", " ", "»", " ")
)

// words are the words of a list.
func words(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// shortHolder is the name of a holder without its legal form, and without the quotes that some put around it:
// "Proximus", "Chunghwa Telecom", "Rostelecom". A name that is nothing else stays as it is.
func shortHolder(name string) string {
	if formsAfter[folded(name)] {
		return name
	}
	short := glued.ReplaceAllString(name, "$1. $2")
	if quotedName.MatchString(name) {
		short = quotedName.ReplaceAllString(name, "$1")
	}
	short = strings.Join(strings.Fields(quotes.Replace(short)), " ")
	after, other := false, false // a form follows, or one that is not Indonesian
	for {
		rest, form := withoutFormAfter(short, after)
		if form == "" {
			break
		}
		short, after, other = rest, true, other || !indonesianAfter[form]
	}
	for cut := true; cut; {
		short, cut = withoutFormBefore(short, other)
	}
	if !hasName(short) {
		return name
	}
	return short
}

// hasName reports whether there is anything of a name.
func hasName(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// withoutFormAfter cuts off the longest form with which the name ends; "" if it ends with none. after says whether a
// form has followed.
func withoutFormAfter(name string, after bool) (short, form string) {
	at := notComma.FindAllStringIndex(name, -1)
	for n := min(mostWords, len(at)-1); n > 0; n-- {
		tail := name[at[len(at)-n][0]:]
		short = strings.TrimRight(name[:at[len(at)-n][0]], " ,-–")
		if form = folded(tail); !formsAfter[form] || !written(form, tail) || !hasName(short) ||
			after && (inCapitals[form] || withPoints[form] || alone[form]) {
			continue
		}
		last := strings.ToLower(short[strings.LastIndex(short, " ")+1:])
		theCompany := (form == "company" || form == "corporation") && strings.HasPrefix(strings.ToLower(short), "the ")
		if !unfinished[last] && !theCompany {
			return strings.TrimRight(short, " &"), form
		}
	}
	return name, ""
}

// withoutFormBefore cuts off the longest form with which the name begins. other says whether a form has followed.
func withoutFormBefore(name string, other bool) (short string, cut bool) {
	at := notComma.FindAllStringIndex(name, -1)
	for n := min(mostWords, len(at)-1); n > 0; n-- {
		head := name[:at[n-1][1]]
		form := folded(head)
		romanian := other && form == "sc"
		if (formsBefore[form] || indonesian[form] && !other) && written(form, head) || romanian && strings.ToUpper(head) == head {
			return name[at[n][0]:], true
		}
	}
	return name, false
}

// folded is a form as the lists have it.
func folded(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" .,-–/()", r) {
			return -1
		}
		return r
	}, s))
}

// written reports whether a form that could be a word or a part of the name is written as a form.
func written(form, s string) bool {
	points := strings.ContainsAny(s, "./")
	switch {
	case withPoints[form]:
		return points
	case inCapitals[form]:
		return points || strings.IndexFunc(s[1:], unicode.IsUpper) >= 0
	}
	return true
}
