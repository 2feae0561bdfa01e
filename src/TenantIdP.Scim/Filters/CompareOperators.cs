using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Filters;

internal static class CompareOperators
{
    private static readonly (string Word, CompareOperator Operator)[] Words =
    [
        ("eq", CompareOperator.Equal), ("ne", CompareOperator.NotEqual), ("co", CompareOperator.Contains), ("sw", CompareOperator.StartsWith), ("ew", CompareOperator.EndsWith),
        ("gt", CompareOperator.GreaterThan), ("ge", CompareOperator.GreaterOrEqual), ("lt", CompareOperator.LessThan), ("le", CompareOperator.LessOrEqual),
    ];

    public static bool TryRead(ReadOnlySpan<char> word, out CompareOperator op)
    {
        foreach (var (text, found) in Words)
        {
            if (!word.Equals(text, StringComparison.OrdinalIgnoreCase)) continue;
            op = found;
            return true;
        }

        op = default;
        return false;
    }

    public static string Word(CompareOperator op) => Array.Find(Words, w => w.Operator == op).Word;

    public static bool IsEquality(CompareOperator op) => op is CompareOperator.Equal or CompareOperator.NotEqual;

    public static bool IsPartial(CompareOperator op) => op is CompareOperator.Contains or CompareOperator.StartsWith or CompareOperator.EndsWith;

    /// <summary>What can be asked of a type: order of truth and of bytes means nothing (RFC 7644 table 3), and only text has parts.</summary>
    public static bool Suits(CompareOperator op, AttributeType type) => type switch
    {
        AttributeType.String or AttributeType.Reference => true,
        AttributeType.Boolean or AttributeType.Binary => IsEquality(op),
        AttributeType.Integer or AttributeType.Decimal or AttributeType.DateTime => !IsPartial(op),
        AttributeType.Complex => false,
    };
}
