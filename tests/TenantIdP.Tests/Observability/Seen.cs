using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using TenantIdP.Testing.Clients;

namespace TenantIdP.Tests.Observability;

/// <summary>Every secret and every personal word that came by in the flows, to look for afterwards.</summary>
internal sealed class Seen
{
    private static readonly string[] SecretParameters =
    [
        "code", "state", "nonce", "RelayState", "SAMLResponse", "login_hint", "h", "return", "request_uri", "user_code", "form_token", "id_token_hint", "handle", "iss_state",
    ];

    private static readonly string[] SecretFields = ["access_token", "refresh_token", "id_token", "device_code", "user_code", "client_secret", "request_uri"];

    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    public int Count => values.Count;

    public void Add(string what, string? value)
    {
        // Shorter ones are in everything.
        if (value is { Length: >= 8 }) values.TryAdd(value, what);
    }

    public void Add(TokenAnswer answer) => Add(answer.Body);

    public void Add(JsonObject body)
    {
        foreach (var field in SecretFields) Add(field, (string?)body[field]);
    }

    /// <summary>Cookies, and what stood in addresses.</summary>
    public void Add(WebBrowser browser)
    {
        foreach (Cookie cookie in browser.Cookies.GetAllCookies()) Add("cookie " + cookie.Name, cookie.Value);
        foreach (var address in browser.Trail) Add(address);
    }

    public void Add(Uri address)
    {
        foreach (var (name, value) in QueryHelpers.ParseQuery(address.Query))
        {
            if (SecretParameters.Contains(name)) Add(name, value.ToString());
        }
    }

    public void Add(WebPage page)
    {
        Add(page.Address);
        foreach (var input in page.Document.QuerySelectorAll("input[type=hidden]")) Add("hidden field " + input.GetAttribute("name"), input.GetAttribute("value"));
    }

    /// <summary>Which of them stand in a text, as they are or as an address, a form or JSON would write them.</summary>
    public IEnumerable<string> In(string text)
    {
        foreach (var (value, what) in values)
        {
            string[] forms =
            [
                value, Uri.EscapeDataString(value), WebUtility.UrlEncode(value), WebUtility.HtmlEncode(value), JavaScriptEncoder.Default.Encode(value), Convert.ToBase64String(Encoding.UTF8.GetBytes(value)),
            ];
            if (forms.Any(form => text.Contains(form, StringComparison.OrdinalIgnoreCase))) yield return $"{what} ({value[..Math.Min(value.Length, 12)]}…)";
        }
    }
}
