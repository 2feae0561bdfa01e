using System.Diagnostics.CodeAnalysis;
using System.Xml;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Responses;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Logout;

/// <summary>Judges the logout messages of an identity provider (Profiles 4.4).</summary>
public static class LogoutValidator
{
    private const int LongestText = 1024;
    private const int MaxSessions = 100;

    /// <summary>How long a message may be under way.</summary>
    private static readonly TimeSpan Travel = TimeSpan.FromMinutes(5);

    public static SamlVerdict<LogoutRequest> ReadRequest(LogoutMessage message, LogoutRules rules)
    {
        var checks = new CheckList();
        return checks.Conclude(LogoutChecks.Unreadable, () => Request(message, rules, checks));
    }

    public static SamlVerdict<LogoutResponse> ReadResponse(LogoutMessage message, LogoutRules rules)
    {
        var checks = new CheckList();
        return checks.Conclude(LogoutChecks.Unreadable, () => Response(message, rules, checks));
    }

    private sealed record Envelope(XmlElement Root, string Id, string Destination, DateTimeOffset IssueInstant);

    private static LogoutRequest? Request(LogoutMessage message, LogoutRules rules, CheckList checks)
    {
        if (!TryEnvelope(message, SamlParameter.Request, rules, checks, out var envelope)) return null;
        var root = envelope.Root;
        if (!TryEnd(root, rules, checks, out var end) || !TryNameId(root, checks, out var name)) return null;
        var named = root.Children(SamlNames.ProtocolNamespace, "SessionIndex").Take(MaxSessions + 1).ToList();
        var sessions = named.ConvertAll(Elements.Text);
        if (!checks.Require(named.Count <= MaxSessions && sessions.TrueForAll(IsText) && !named.Exists(Elements.HasElements), LogoutChecks.Sessions, $"{sessions.Count} session(s).", $"at most {MaxSessions}")) return null;
        return new LogoutRequest
        {
            Id = envelope.Id, Issuer = rules.IdpEntityId, Destination = envelope.Destination, IssueInstant = envelope.IssueInstant, NotOnOrAfter = end, NameId = name, SessionIndexes = sessions,
        };
    }

    private static LogoutResponse? Response(LogoutMessage message, LogoutRules rules, CheckList checks)
    {
        if (!TryEnvelope(message, SamlParameter.Response, rules, checks, out var envelope)) return null;
        var answered = envelope.Root.Attribute("InResponseTo");
        if (!IsText(answered) || (rules.InResponseTo is { } ours && answered != ours))
        {
            checks.Fail(LogoutChecks.InResponseTo, Elements.Quote(answered), rules.InResponseTo ?? "the ID of a request");
            return null;
        }

        checks.Pass(LogoutChecks.InResponseTo, Elements.Quote(answered));
        var code = envelope.Root.Only(SamlNames.ProtocolNamespace, "Status").Only(SamlNames.ProtocolNamespace, "StatusCode");
        var (status, second) = (code?.Attribute("Value"), code.Only(SamlNames.ProtocolNamespace, "StatusCode")?.Attribute("Value"));
        if (!IsText(status))
        {
            checks.Fail(LogoutChecks.Status, "No status.", SamlNames.SuccessStatus);
            return null;
        }

        // Whatever it says: the sessions here are over anyway, and what is told to the person is the caller's to choose.
        if (status == SamlNames.SuccessStatus && second is null) checks.Pass(LogoutChecks.Status, status);
        else checks.Warn(LogoutChecks.Status, Elements.Quote(second ?? status), SamlNames.SuccessStatus);
        return new LogoutResponse
        {
            Id = envelope.Id, InResponseTo = answered, Issuer = rules.IdpEntityId, Destination = envelope.Destination, Status = status, SubStatus = second, IssueInstant = envelope.IssueInstant,
        };
    }

    /// <summary>What both messages have in common (Core 3.2); nothing is read before the signature holds.</summary>
    private static bool TryEnvelope(LogoutMessage message, SamlParameter kind, LogoutRules rules, CheckList checks, [NotNullWhen(true)] out Envelope? envelope)
    {
        envelope = null;
        var name = kind == SamlParameter.Request ? "LogoutRequest" : "LogoutResponse";
        if (message.Parameter is { } parameter && parameter != kind) return checks.Fail(LogoutChecks.Message, "In " + parameter.Name(), kind.Name());
        if (!message.Root.Is(SamlNames.ProtocolNamespace, name)) return checks.Fail(LogoutChecks.Message, Elements.Quote(message.Root.LocalName), name);
        if (!DocumentShape.HasProperIds(message.Root)) return checks.Fail(LogoutChecks.Message, "An ID that is used twice, is not an ID or is written in another way.", "IDs that differ");
        if (!LogoutSignature.TryVerify(message, rules, checks, out var root)) return false;
        var (id, version) = (root.Attribute("ID"), root.Attribute("Version"));
        if (!IsText(id) || version != "2.0") return checks.Fail(LogoutChecks.Message, $"Version {Elements.Quote(version)}, ID {Elements.Quote(id)}", "version 2.0 and an ID");
        checks.Pass(LogoutChecks.Message, $"{name}, version 2.0.");

        var issuer = root.Only(SamlNames.AssertionNamespace, "Issuer");
        if (issuer is null || issuer.HasElements() || issuer.Text() != rules.IdpEntityId || issuer.Attribute("Format") is not (null or SamlNames.EntityNameId))
            return checks.Fail(LogoutChecks.Issuer, Elements.Quote(issuer?.Text()), rules.IdpEntityId);
        checks.Pass(LogoutChecks.Issuer, Elements.Quote(rules.IdpEntityId));

        // A message that was signed for somebody else, and passed on to us.
        if (root.Attribute("Destination") is not { } destination || !rules.SloUrls.Contains(destination, StringComparer.Ordinal))
            return checks.Fail(LogoutChecks.Destination, Elements.Quote(root.Attribute("Destination")), string.Join(" or ", rules.SloUrls));
        checks.Pass(LogoutChecks.Destination, Elements.Quote(destination));

        if (!Elements.TryTime(root.Attribute("IssueInstant"), out var instant)) return checks.Fail(LogoutChecks.IssueInstant, Elements.Quote(root.Attribute("IssueInstant")), "a time");
        if (!checks.Require((rules.Now - instant).Duration() <= rules.Skew + Travel, LogoutChecks.IssueInstant, Elements.Say(instant), "about " + Elements.Say(rules.Now))) return false;
        envelope = new Envelope(root, id, destination, instant);
        return true;
    }

    private static bool TryEnd(XmlElement root, LogoutRules rules, CheckList checks, out DateTimeOffset? end)
    {
        end = null;
        if (root.Attribute("NotOnOrAfter") is not { } text) return checks.Skip(LogoutChecks.NotOnOrAfter, "No end is named.");
        if (!Elements.TryTime(text, out var time)) return checks.Fail(LogoutChecks.NotOnOrAfter, Elements.Quote(text), "a time");
        end = time;
        return checks.Require(rules.Now - rules.Skew < time, LogoutChecks.NotOnOrAfter, Elements.Say(time), "later than " + Elements.Say(rules.Now));
    }

    private static bool TryNameId(XmlElement root, CheckList checks, [NotNullWhen(true)] out SamlNameId? name)
    {
        name = null;
        // As it stands, as at the sign-in: with a space it is another person's.
        var element = root.Only(SamlNames.AssertionNamespace, "NameID");
        if (element is null || element.HasElements() || element.InnerText is not { } value || !IsText(value) || string.IsNullOrWhiteSpace(value))
            return checks.Fail(LogoutChecks.NameId, root.Only(SamlNames.AssertionNamespace, "EncryptedID") is null ? "No NameID, or not one." : "An encrypted NameID.", "one NameID");
        name = new SamlNameId(value, element.Attribute("Format"), element.Attribute("NameQualifier"), element.Attribute("SPNameQualifier"));
        return checks.Pass(LogoutChecks.NameId, "One NameID.");
    }

    private static bool IsText([NotNullWhen(true)] string? text) => text is { Length: > 0 and <= LongestText };
}
