using System.Globalization;
using System.Text;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Filters;

/// <summary>Writes a filter so that it reads back as itself.</summary>
internal sealed class FilterPrinter : IScimFilterVisitor<StringBuilder>
{
    private readonly StringBuilder text = new();

    public static string Print(ScimFilter filter) => filter.Accept(new FilterPrinter()).ToString();

    public StringBuilder And(AndFilter filter) => Join(" and ", filter.Terms, t => t is OrFilter);

    public StringBuilder Or(OrFilter filter) => Join(" or ", filter.Terms, _ => false);

    public StringBuilder Not(NotFilter filter)
    {
        text.Append("not (");
        return filter.Inner.Accept(this).Append(')');
    }

    public StringBuilder Compare(CompareFilter filter)
    {
        text.Append(filter.Path).Append(' ').Append(CompareOperators.Word(filter.Operator)).Append(' ');
        return filter.Value switch
        {
            null => text.Append("null"),
            TextValue value => Quote(value.Text),
            DateTimeValue value => Quote(value.ToString()),
            var value => text.Append(value),
        };
    }

    public StringBuilder Present(PresentFilter filter) => text.Append(filter.Path).Append(" pr");

    public StringBuilder ValuePath(ValuePathFilter filter)
    {
        text.Append(filter.Path).Append('[');
        return filter.Inner.Accept(this).Append(']');
    }

    private StringBuilder Join(string between, IReadOnlyList<ScimFilter> terms, Func<ScimFilter, bool> inParentheses)
    {
        for (var i = 0; i < terms.Count; i++)
        {
            if (i > 0) text.Append(between);
            var wrapped = inParentheses(terms[i]);
            if (wrapped) text.Append('(');
            terms[i].Accept(this);
            if (wrapped) text.Append(')');
        }

        return text;
    }

    private StringBuilder Quote(string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            if (c is '"' or '\\') text.Append('\\').Append(c);
            else if (char.IsControl(c)) text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
            else text.Append(c);
        }

        return text.Append('"');
    }
}
