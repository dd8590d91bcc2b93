// Reads the names of a host's VMs over HTTPS, with Go's WinRM library as Debian packages it. The library has messages for
// shells only, so the two messages here are built from its parts; login, transport and envelope are its own.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o client peers/winrm_client.go
//	client HOST PORT USER CA_FILE < PASSWORD_FILE
package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"
)

const (
	anonymous   = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
	class       = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/Msvm_ComputerSystem"
	enumeration = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/"
	pullsMax    = 100
	timeout     = 20 * time.Second
)

type batch struct {
	Context string    `xml:"EnumerationContext"`
	Names   []string  `xml:"Items>Msvm_ComputerSystem>ElementName"`
	End     *struct{} `xml:"EndOfSequence"`
}

type envelope struct {
	Enumerated *batch `xml:"Body>EnumerateResponse"`
	Pulled     *batch `xml:"Body>PullResponse"`
}

type session struct {
	client    *winrm.Client
	transport *winrm.ClientNTLM
	sent      int
}

func (s *session) ask(operation string, parts map[string]string) (*envelope, error) {
	s.sent++
	message := soap.NewMessage()
	message.Header().
		To("https://host/wsman").
		ReplyTo(anonymous).
		MaxEnvelopeSize(153600).
		Id(fmt.Sprintf("uuid:00000000-0000-4000-8000-%012d", s.sent)).
		Locale("en-US").
		Timeout("PT20S").
		Action(enumeration + operation).
		ResourceURI(class).
		Build()
	body := message.CreateBodyElement(operation, soap.DOM_NS_ENUM)
	body.DeclareNamespace(soap.DOM_NS_ENUM)
	for name, text := range parts {
		element := message.CreateElement(body, name, soap.DOM_NS_ENUM)
		element.SetContent(text)
	}
	text, err := s.transport.Post(s.client, message)
	if err != nil {
		return nil, err
	}
	answer := &envelope{}
	return answer, xml.Unmarshal([]byte(text), answer)
}

func names(s *session) ([]string, error) {
	answer, err := s.ask("Enumerate", nil)
	if err != nil {
		return nil, err
	}
	if answer.Enumerated == nil {
		return nil, fmt.Errorf("the answer is not an EnumerateResponse")
	}
	found, context := []string{}, answer.Enumerated.Context
	for pull := 0; pull < pullsMax; pull++ {
		answer, err = s.ask("Pull", map[string]string{"EnumerationContext": context, "MaxElements": "2"})
		if err != nil {
			return nil, err
		}
		if answer.Pulled == nil {
			return nil, fmt.Errorf("the answer is not a PullResponse")
		}
		found, context = append(found, answer.Pulled.Names...), answer.Pulled.Context
		if answer.Pulled.End != nil {
			return found, nil
		}
	}
	return nil, fmt.Errorf("no end after %d pulls", pullsMax)
}

func run(arguments []string) error {
	if len(arguments) != 5 {
		return fmt.Errorf("usage: %s HOST PORT USER CA_FILE < PASSWORD_FILE", arguments[0])
	}
	port, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(arguments[4])
	if err != nil {
		return err
	}
	password, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	s := &session{transport: &winrm.ClientNTLM{}}
	parameters := winrm.NewParameters("PT20S", "en-US", 153600)
	parameters.TransportDecorator = func() winrm.Transporter { return s.transport }
	endpoint := winrm.NewEndpoint(arguments[1], port, true, false, authority, nil, nil, timeout)
	s.client, err = winrm.NewClientWithParameters(endpoint, arguments[3], strings.TrimSpace(string(password)), parameters)
	if err != nil {
		return err
	}
	found, err := names(s)
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(found, "\n"))
	return nil
}

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
