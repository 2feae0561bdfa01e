using System.Globalization;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Html;

namespace TenantIdP.Server.Theming;

/// <summary>
/// The sentences of a page in the language of who reads it, <c>T</c> in every page: <c>@T["Sign in to {0}", T.Name(app)]</c>. The language is that of the app's request (<c>ui_locales</c>), else of the
/// browser (<c>Accept-Language</c>), else English.
/// </summary>
internal sealed class PageTexts(Texts texts, IHttpContextAccessor accessor)
{
    // Browsers send a handful; whoever sends more is not asked for all.
    private const int MostLanguages = 12;

    private string? language;

    public string Language => language ??= OfBrowser() ?? Texts.Source;

    /// <summary>Of the writing: for the page as a whole.</summary>
    public string Direction => Texts.IsRightToLeft(Language) ? "rtl" : "ltr";

    /// <summary>The sentence as HTML: everything that it is filled with is encoded unless it is HTML already.</summary>
    public IHtmlContent this[string english, params object?[] values] => new Sentence(texts.Find(Language, english), values);

    /// <summary>The sentence as text: for titles and attributes.</summary>
    public string Text(string english, params object?[] values) =>
        values.Length == 0 ? texts.Find(Language, english) : Texts.Placeholder().Replace(texts.Find(Language, english), match => Convert.ToString(ValueOf(match.Value, values), CultureInfo.InvariantCulture) ?? "");

    /// <summary>A sentence that was chosen elsewhere, in English: the message of an error. Empty for none.</summary>
    public IHtmlContent Say(string? english) => english is { Length: > 0 } ? this[english] : HtmlString.Empty;

#pragma warning disable CA1822 // pages call them as T.Name and T.Strong
    /// <summary>The name of a person or an organization inside a sentence: its direction stays its own.</summary>
    public IHtmlContent Name(string? name) => new Marked("<bdi>", name, "</bdi>");

    /// <summary>As <see cref="Name"/>, where the name is what matters.</summary>
    public IHtmlContent Strong(string? name) => new Marked("<strong><bdi>", name, "</bdi></strong>");
#pragma warning restore CA1822

    /// <summary>What the app asked for (OpenID Connect Core 3.1.2.1: tags in order of preference), before the browser's.</summary>
    public void Prefer(string? uiLocales)
    {
        if (string.IsNullOrEmpty(uiLocales)) return;
        language = uiLocales.Split(' ', MostLanguages + 1, StringSplitOptions.RemoveEmptyEntries).Take(MostLanguages).Select(texts.Nearest).FirstOrDefault(l => l is not null) ?? language;
    }

    private string? OfBrowser() => accessor.HttpContext?.Request.GetTypedHeaders().AcceptLanguage.Take(MostLanguages).Where(l => l.Quality is not 0).OrderByDescending(l => l.Quality ?? 1)
        .Select(l => texts.Nearest(l.Value.ToString())).FirstOrDefault(l => l is not null);

    private static object? ValueOf(string placeholder, object?[] values) => placeholder[1] - '0' is var at && at < values.Length ? values[at] : null;

    private sealed class Sentence(string text, object?[] values) : IHtmlContent
    {
        public void WriteTo(TextWriter writer, HtmlEncoder encoder)
        {
            var from = 0;
            foreach (var place in Texts.Placeholder().EnumerateMatches(text))
            {
                writer.Write(encoder.Encode(text[from..place.Index]));
                switch (ValueOf(text.Substring(place.Index, place.Length), values))
                {
                    case IHtmlContent html:
                        html.WriteTo(writer, encoder);
                        break;
                    case var value:
                        writer.Write(encoder.Encode(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
                        break;
                }

                from = place.Index + place.Length;
            }

            writer.Write(encoder.Encode(text[from..]));
        }
    }

    private sealed class Marked(string before, string? name, string after) : IHtmlContent
    {
        public void WriteTo(TextWriter writer, HtmlEncoder encoder)
        {
            writer.Write(before);
            writer.Write(encoder.Encode(name ?? ""));
            writer.Write(after);
        }
    }
}
