package bot

import "testing"

// Promise: a network goes by the name that people know, without the legal form of any country, before or after it. What
// is part of a name stays, and no name is left empty.
func TestHoldersAreNamedWithoutTheirLegalForms(t *testing.T) {
	for holder, want := range map[string]string{
		// After the name.
		"Proximus NV": "Proximus", "Telenet BV": "Telenet", "SURF B.V.": "SURF", "Belgacom SA/NV": "Belgacom",
		"Chunghwa Telecom Co., Ltd.": "Chunghwa Telecom", "Amazon.com, Inc.": "Amazon.com", "KT Co.,Ltd": "KT",
		"Hangzhou Alibaba Advertising Co.,Ltd.": "Hangzhou Alibaba Advertising", "AT&T Enterprises, LLC": "AT&T Enterprises",
		"TELEFONICA DE ESPANA S.A.U.": "TELEFONICA DE ESPANA", "Telecom Italia S.p.A.": "Telecom Italia", "TIM S/A": "TIM",
		"Uninet S.A. de C.V.": "Uninet", "Bicentel SA de CV": "Bicentel", "Orange Polska Spolka Akcyjna": "Orange Polska",
		"Telefonica Germany GmbH & Co.OHG": "Telefonica Germany", "1&1 Telecom GmbH & Co. KG": "1&1 Telecom",
		"P4 Sp. z o.o.": "P4", "Netia Sp. z o. o.": "Netia", "ACS spol. s r. o.": "ACS", "O2 Czech Republic, a.s.": "O2 Czech Republic",
		"Cell C (Pty) Ltd": "Cell C", "Exoduspoint Singapore, Pte. Ltd.": "Exoduspoint Singapore", "Maxis Sdn. Bhd.": "Maxis",
		"Bharti Airtel Ltd.": "Bharti Airtel", "Reliance Jio Infocomm Pvt. Ltd": "Reliance Jio Infocomm", "TRUE Public Company Limited": "TRUE",
		"Turk Telekomunikasyon Anonim Sirketi": "Turk Telekomunikasyon", "Aydin Net Ltd. Sti.": "Aydin Net",
		"ALOO TELECOM LTDA - ME": "ALOO TELECOM", "Mega Net EIRELI": "Mega Net", "Telia Lietuva, AB": "Telia Lietuva",
		"Telenor Norge AS": "Telenor Norge", "TDC A/S": "TDC", "Elisa Oyj": "Elisa", "Magyar Telekom Nyrt.": "Magyar Telekom",
		"Vodafone Libertel B.V": "Vodafone Libertel", "AM.OZAL EOOD": "AM.OZAL", "SAP SE": "SAP", "CANTV C.A.": "CANTV",
		"Tele Plus Joint Stock Company": "Tele Plus", "Webzilla Limited Liability Company": "Webzilla", "JPMorgan Chase Bank, N.A.": "JPMorgan Chase Bank",
		"Tiffany & Co.": "Tiffany", "Smith and Company": "Smith", "AG Insurance N.V.": "AG Insurance", "eww ag": "eww",

		// Before it.
		"PJSC Rostelecom": "Rostelecom", "Rostelecom PJSC": "Rostelecom", `PJSC "Vimpelcom"`: "Vimpelcom", "JSC Kazakhtelecom": "Kazakhtelecom",
		`JSC "ER-Telecom Holding"`: "ER-Telecom Holding", "OJSC “Beltelecom”": "Beltelecom", "CJSC, Kolomna-Sviaz TV": "Kolomna-Sviaz TV",
		"OOO Network of data-centers Selectel": "Network of data-centers Selectel", `OOO "Alfacom"`: "Alfacom", "LLC Baxet": "Baxet",
		`LLC"Baxet"`: "Baxet", `LTD "Erline"`: "Erline", "Limited Liability Company Zharikov": "Zharikov", "LLC Smart Ape Ltd.": "Smart Ape",
		"Public Joint Stock Company «MegaFon»": "MegaFon", "Joint-stock company Ufanet": "Ufanet", "PT Telekomunikasi Indonesia": "Telekomunikasi Indonesia",
		"PT. XL Axiata Tbk": "XL Axiata", "PT Telkom Indonesia (Persero) Tbk.": "Telkom Indonesia", "PT.GRAMEDIA": "GRAMEDIA",
		"Indosat, PT": "Indosat", "CV Ali Media Network": "Ali Media Network", "UAB Bite Lietuva": "Bite Lietuva", `SIA "Tet"`: "Tet",
		"TOV Triolan": "Triolan", `AB "Artea bankas"`: "Artea bankas", `PP "IF-IX"`: "IF-IX", "SC Birotec SRL": "Birotec", "S.C. RCS & RDS S.A.": "RCS & RDS",
		"TOO Kainar-Media": "Kainar-Media", "ПАО Ростелеком": "Ростелеком", `ООО "Ромашка"`: "Ромашка", `"Verifone Baltic" SIA`: "Verifone Baltic",
		"FOP Boyko Oleg Mikhaylovich": "Boyko Oleg Mikhaylovich", `MUP "Vodokanal"`: "Vodokanal", "SARL Icosnet": "Icosnet",

		// Of the name.
		"SA Power Networks": "SA Power Networks", "Telkom SA Ltd.": "Telkom SA", "Vodacom SA (Pty) Ltd": "Vodacom SA", "Costa": "Costa",
		"Cisco": "Cisco", "NASA": "NASA", "Visa Inc": "Visa", "SAS Institute Inc.": "SAS Institute", "AS Roma S.p.A.": "AS Roma",
		"AB InBev": "AB InBev", "AD Solutions": "AD Solutions", "IP Australia": "IP Australia", "Too Much Wifi": "Too Much Wifi",
		"PT Comunicacoes S.A.": "PT Comunicacoes", "CV Starr & Co., Inc.": "CV Starr", "SE Diia": "SE Diia", "Limited Run Games": "Limited Run Games",
		"The Boeing Company": "The Boeing Company", "The Constant Company, LLC": "The Constant Company", "Bank of SA": "Bank of SA",
		"Private Internet Access": "Private Internet Access", "Llc-RZD-Partner": "Llc-RZD-Partner", "Aqua Spa": "Aqua Spa", "Pat Smith": "Pat Smith",
		"Corporation Service Group": "Corporation Service Group", "Show me": "Show me", "JSC-Telasi": "JSC-Telasi", "Ltda Center": "Ltda Center",
		"BELNET": "BELNET", "Deutsche Telekom": "Deutsche Telekom", "IBM": "IBM", "3M": "3M", "Le Co-op": "Le Co-op",

		// Nothing else.
		"": "", "LLC": "LLC", "Limited": "Limited", "The Limited": "The Limited", "Co., Ltd.": "Co., Ltd.", "PT": "PT", "JSC": "JSC",
		"OOO LLC": "OOO", `OOO ""`: "OOO", "S.A.": "S.A.", "Joint Stock Company": "Joint Stock Company", `""`: `""`, "-": "-", "SA de CV": "SA de CV",
	} {
		if got := shortHolder(holder); got != want {
			t.Errorf("%q: %q, want %q", holder, got, want)
		}
	}
}
