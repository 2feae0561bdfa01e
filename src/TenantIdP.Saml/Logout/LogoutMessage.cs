using System.IO.Compression;
using System.Net;
using System.Text;
using System.Xml;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Logout;

/// <summary>The signature of an address: it is over the octets as they came, before anything is decoded (Bindings 3.4.4.1).</summary>
internal sealed record QuerySignature(byte[] Octets, string? Algorithm, string? Value);

/// <summary>A message taken from its binding; nothing in it is believed yet.</summary>
public sealed class LogoutMessage
{
    private const int LongestQuery = 64 * 1024;
    private const int LongestRelayState = 2048;
    private static readonly string[] Known = ["SAMLRequest", "SAMLResponse", SamlParameters.RelayState, SamlParameters.Algorithm, SamlParameters.Signature, SamlParameters.Encoding];

    private LogoutMessage(XmlElement root) => Root = root;

    /// <summary>Which of the two an address had; null for a form, whose field says it.</summary>
    public SamlParameter? Parameter { get; private init; }

    /// <summary>From an address; to be handed back with the response. Not signed in a form, so never believed.</summary>
    public string? RelayState { get; private init; }

    internal XmlElement Root { get; }

    /// <summary>Null for a form: there the message itself is signed.</summary>
    internal QuerySignature? Query { get; private init; }

    /// <param name="rawQuery">As it came, with or without its question mark.</param>
    public static SamlVerdict<LogoutMessage> FromRedirect(string rawQuery)
    {
        var checks = new CheckList();
        var query = rawQuery.StartsWith('?') ? rawQuery[1..] : rawQuery;
        return checks.Conclude(LogoutChecks.Unreadable, () => ReadQuery(query, checks));
    }

    /// <param name="encoded">The field SAMLRequest or SAMLResponse.</param>
    public static SamlVerdict<LogoutMessage> FromPost(string encoded)
    {
        var checks = new CheckList();
        return checks.Conclude(LogoutChecks.Unreadable, () =>
        {
            var root = TryBase64(encoded, out var bytes) ? Parse(bytes, checks) : Refuse(checks, "The field is not base64, or too long.");
            return root is null ? null : new LogoutMessage(root);
        });
    }

    private static LogoutMessage? ReadQuery(string query, CheckList checks)
    {
        if (!TryParameters(query, checks, out var found)) return null;
        var parameter = found.ContainsKey("SAMLRequest") ? SamlParameter.Request : SamlParameter.Response;
        var message = found[parameter.Name()];
        if (found.TryGetValue(SamlParameters.Encoding, out var encoding) && Uri.UnescapeDataString(encoding) != SamlNames.DeflateEncoding)
        {
            checks.Fail(LogoutChecks.Carried, Elements.Quote(encoding), SamlNames.DeflateEncoding);
            return null;
        }

        var root = TryBase64(Uri.UnescapeDataString(message), out var deflated) && Inflate(deflated) is { } bytes
            ? Parse(bytes, checks)
            : Refuse(checks, $"{parameter.Name()} is not deflated base64, or too long.");
        if (root is null) return null;

        // In this order whatever the order of the query is; each as it came.
        var signed = new[] { parameter.Name(), SamlParameters.RelayState, SamlParameters.Algorithm }.Where(found.ContainsKey).Select(name => name + "=" + found[name]);
        return new LogoutMessage(root)
        {
            Parameter = parameter,
            RelayState = found.TryGetValue(SamlParameters.RelayState, out var state) ? WebUtility.UrlDecode(state) : null,
            Query = new QuerySignature(Encoding.UTF8.GetBytes(string.Join('&', signed)), Decoded(found, SamlParameters.Algorithm), Decoded(found, SamlParameters.Signature)),
        };
    }

    /// <summary>The parameters that mean something, still encoded; others may be there. One that comes twice could be read differently by whoever reads the other.</summary>
    private static bool TryParameters(string query, CheckList checks, out Dictionary<string, string> found)
    {
        found = new Dictionary<string, string>(StringComparer.Ordinal);
        if (query.Length > LongestQuery) return checks.Fail(LogoutChecks.Carried, $"The query is longer than {LongestQuery} characters.");
        foreach (var part in query.Split('&'))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            var name = at < 0 ? part : part[..at];
            // A name that is written another way, in other letters too, is the same name to another reader.
            if (Known.FirstOrDefault(known => known.Equals(WebUtility.UrlDecode(name), StringComparison.OrdinalIgnoreCase)) is not { } meant) continue;
            if (name != meant || !found.TryAdd(meant, at < 0 ? "" : part[(at + 1)..])) return checks.Fail(LogoutChecks.Carried, $"{meant} is there twice, or oddly written.");
            // What was signed is octets: a character that is none must have been put there on the way, and would become another one when it is made octets again.
            if (!Ascii.IsValid(found[meant])) return checks.Fail(LogoutChecks.Carried, $"{meant} has a character that an address can't have.");
        }

        if (found.ContainsKey("SAMLRequest") == found.ContainsKey("SAMLResponse")) return checks.Fail(LogoutChecks.Carried, "Both, or neither.", "either SAMLRequest or SAMLResponse");
        return !found.TryGetValue(SamlParameters.RelayState, out var state) || state.Length <= LongestRelayState
            || checks.Fail(LogoutChecks.Carried, $"RelayState is longer than {LongestRelayState} characters.");
    }

    private static string? Decoded(Dictionary<string, string> found, string name) => found.TryGetValue(name, out var value) ? Uri.UnescapeDataString(value) : null;

    private static bool TryBase64(string text, out byte[] bytes)
    {
        bytes = [];
        // Four characters for three bytes of the longest message, and line breaks.
        if (text.Length is 0 or > 2 * 256 * 1024) return false;
        var buffer = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, buffer, out var length)) return false;
        bytes = buffer[..length];
        return true;
    }

    /// <summary>Null when it is no deflate stream, or when it becomes larger than a message may be: a thousand bytes can hold a million.</summary>
    private static byte[]? Inflate(byte[] deflated)
    {
        try
        {
            using var inflate = new DeflateStream(new MemoryStream(deflated), CompressionMode.Decompress);
            var buffer = new byte[XmlLimits.Logout.MaxCharacters + 1];
            var length = inflate.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return length == buffer.Length ? null : buffer[..length];
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static XmlElement? Parse(byte[] bytes, CheckList checks)
    {
        if (!SafeXml.TryParse(bytes, XmlLimits.Logout, out var document, out var why) || document.DocumentElement is not { } root) return Refuse(checks, why ?? "It is empty.");
        checks.Pass(LogoutChecks.Carried, root.LocalName);
        return root;
    }

    private static XmlElement? Refuse(CheckList checks, string seen)
    {
        checks.Fail(LogoutChecks.Carried, seen);
        return null;
    }
}
