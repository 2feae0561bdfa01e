using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using TenantIdP.Saml.Keys;

namespace TenantIdP.Saml.Tests;

/// <summary>A response that a real identity provider sent, and what is to be known about it; written by the explicit tests of TenantIdP.Tests/Interop/GenuineResponses.</summary>
internal sealed class GenuineResponse
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures");

    private readonly JsonObject facts;

    private GenuineResponse(string name, byte[] sent, JsonObject facts) => (Name, Sent, this.facts) = (name, sent, facts);

    /// <summary>"program/case".</summary>
    public string Name { get; }

    public byte[] Sent { get; }

    /// <summary>As in the form that brought it.</summary>
    public string Encoded => Convert.ToBase64String(Sent);

    public string IdpEntityId => Text("idpEntityId");
    public string Audience => Text("audience");
    public string AcsUrl => Text("acsUrl");
    public string? InResponseTo => (string?)facts["inResponseTo"];
    public DateTimeOffset ValidAt => DateTimeOffset.Parse(Text("validAt"), CultureInfo.InvariantCulture);

    /// <summary>What has to be allowed before it is accepted: "sha1", "cbc" or nothing.</summary>
    public string Needs => Text("needs");

    public bool IsEncrypted => facts["decryption"] is not null;
    public string NameId => Text("nameId");
    public string NameIdFormat => Text("nameIdFormat");

    public IReadOnlyDictionary<string, string[]> Attributes =>
        facts["attributes"]!.AsObject().ToDictionary(a => a.Key, a => a.Value!.AsArray().Select(v => (string)v!).ToArray()); // written together

    public IReadOnlyList<SamlCertificate> Certificates => [.. facts["certificates"]!.AsArray().Select(c => Certificate((string)c!))]; // as above

    public static IEnumerable<string> Names => NamesIn("samlp").Concat(NamesIn("simplesamlphp"));

    public static GenuineResponse Read(string name)
    {
        var path = Path.Combine(Folder, name);
        return new GenuineResponse(name, File.ReadAllBytes(path + ".xml"), JsonSerializer.Deserialize<JsonObject>(File.ReadAllText(path + ".json"))!); // an object
    }

    /// <summary>The test key that opens it; for the caller to dispose.</summary>
    public SamlKeyPair? OpenKey()
    {
        if (facts["decryption"] is not { } decryption) return null;
        using var key = RSA.Create();
        key.ImportFromPem((string)decryption["privateKey"]!); // written together
        return SamlKeyPair.Open(key.ExportPkcs8PrivateKey(), Convert.FromBase64String((string)decryption["certificate"]!)); // as above
    }

    public override string ToString() => Name;

    private static IEnumerable<string> NamesIn(string program) =>
        Directory.EnumerateFiles(Path.Combine(Folder, program), "*.xml").Select(path => $"{program}/{Path.GetFileNameWithoutExtension(path)}").Order(StringComparer.Ordinal);

    private static SamlCertificate Certificate(string text) =>
        SamlCertificate.TryRead(text, out var read) && read is not null ? read : throw new InvalidOperationException("The certificate can't be read.");

    private string Text(string name) => (string)facts[name]!; // written together
}
